import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTask, validate } from 'node-cron';
import { randomOf } from '../../test/export/random.ts';
import { Cron, isCron } from './cron.ts';

const next = (expression: string, after: string, timezone = 'UTC'): string | undefined => {
  const found = new Cron(expression, timezone).next(Date.parse(after));
  return found === null ? undefined : new Date(found).toISOString().slice(0, 16);
};
const FRIDAY = '2026-11-20T12:00:00Z';

const cases: [expression: string, after: string, expected: string | undefined, timezone?: string][] = [
  ['5 0 * * 1', FRIDAY, '2026-11-23T00:05'],
  ['0 0 29 2 *', FRIDAY, '2028-02-29T00:00'],
  ['0 0 29 2 *', FRIDAY, '2028-02-29T03:30', 'America/St_Johns'],
  ['0 0 29 2 mon', FRIDAY, '2044-02-29T00:00'],
  ['0 0 30 2 *', FRIDAY, undefined],
  ['0 0 31 * *', '2026-12-31T00:00:00Z', '2027-01-31T00:00'],
  ['15 2 28-31 * 0', FRIDAY, '2026-11-29T01:15', 'Europe/Berlin'],
  ['*/10 * * * *', '2026-11-20T12:00:01Z', '2026-11-20T12:10'],
  ['0 12 * * *', FRIDAY, '2026-11-21T12:00'],
  ['0 9 * jan MON-fri', FRIDAY, '2027-01-01T09:00'],
  ['0 9 * january,May Tuesday', FRIDAY, '2027-01-05T09:00'],
  ['0 0 * * 7', FRIDAY, '2026-11-22T00:00'],
  ['15 2 * * *', FRIDAY, '2026-11-20T20:45', 'Asia/Kolkata'],
  // Clocks go forward at 2026-03-29T01:00Z: 02:30 is left out.
  ['30 2 * * *', '2026-03-28T12:00:00Z', '2026-03-30T00:30', 'Europe/Berlin'],
  ['30 * * * *', '2026-03-29T00:31:00Z', '2026-03-29T01:30', 'Europe/Berlin'],
  // And back at 2026-10-25T01:00Z: 02:30 comes twice.
  ['30 2 * * *', '2026-10-24T12:00:00Z', '2026-10-25T00:30', 'Europe/Berlin'],
  ['30 2 * * *', '2026-10-25T00:30:00Z', '2026-10-26T01:30', 'Europe/Berlin'],
  ['30 * * * *', '2026-10-25T00:30:00Z', '2026-10-25T01:30', 'Europe/Berlin'],
  // Half an hour, on Lord Howe Island: back at 2026-04-04T15:00Z.
  ['45 * * * *', '2026-04-04T14:45:00Z', '2026-04-04T15:15', 'Australia/Lord_Howe'],
];
for (const [expression, after, expected, timezone] of cases)
  test(`${expression} after ${after} in ${timezone ?? 'UTC'}`, () =>
    assert.equal(next(expression, after, timezone), expected));

const wrong = [
  ...[
    '*/0 * * * *',
    '*/-1 * * * *',
    '1-59/0 * * * *',
    '*/1.5 * * * *',
    '*/99999999999 * * * *',
    '*/*/2 * * * *',
  ],
  ...[
    '1- * * * *',
    '-5 * * * *',
    '5-1 * * * *',
    '1-5-9 * * * *',
    '1,,2 * * * *',
    '10/20 * * * *',
    ', * * * *',
    '*-5 * * * *',
  ],
  ...['60 * * * *', '* 24 * * *', '* * 0 * *', '* * 32 * *', '* * * 0 *', '* * * 13 *', '* * * * 8'],
  ...['0x5 * * * *', '1e1 * * * *', '? * * * *', '* * L * *', '* * * * 5L', '* * * * 1#2', '* * * foo *'],
  ...['mon * * * *', '* * * mon *', '* * * *', '* * * * * *', ''],
];
test('what is no expression is refused, and ends nothing', () => {
  assert.deepEqual(wrong.filter(isCron), []);
  const good = cases.map(([expression]) => expression);
  assert.deepEqual(
    good.filter((expression) => !isCron(expression) || !validate(expression)),
    [],
  );
});

test('what node-cron matches first is what comes next, whatever the expression', () => {
  const random = randomOf(20_261_120);
  const below = (most: number): number => Math.floor(random() * most);
  const some = (low: number, high: number): string => {
    const first = low + below(high - low);
    const last = first + below(high - first + 1);
    const texts = [
      '*',
      '*',
      `${first}`,
      `${first}-${last}`,
      `*/${1 + below(9)}`,
      `${first}-${last}/2`,
      `${first},${last}`,
    ];
    return texts[below(texts.length)] as string;
  };
  const HOURS = 26;
  for (let round = 0; round < 10; round++) {
    const timezone = ['UTC', 'America/St_Johns', 'Asia/Kathmandu'][below(3)] as string;
    const expression = [some(0, 59), some(0, 23), some(1, 31), some(1, 12), some(0, 6)].join(' ');
    assert.ok(validate(expression), expression);
    const task = createTask(expression, () => undefined, { timezone });
    const { timeMatcher } = task as unknown as { timeMatcher: { match: (date: Date) => boolean } };
    const after = Date.UTC(2026, below(12), 1 + below(28), below(24), below(60));
    const minutes = Array.from({ length: HOURS * 60 }, (_, at) => after + (at + 1) * 60_000);
    const found = new Cron(expression, timezone).next(after);
    const wanted = minutes.find((minute) => timeMatcher.match(new Date(minute)));
    const isSoon = found !== null && found <= after + HOURS * 3_600_000;
    assert.equal(
      isSoon ? found : undefined,
      wanted,
      `${expression} in ${timezone} after ${new Date(after).toISOString()}`,
    );
    if (found !== null) assert.ok(timeMatcher.match(new Date(found)), expression);
    void task.destroy();
  }
});
