import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { until } from '../../test/hostd/until.ts';
import type { EventRecord, Flow, Graph } from '../api/schema.ts';
import { ManualClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { emitter } from '../events/events.ts';
import { parsePolicy } from '../policy/document/parse.ts';
import { EXPORT_FORMATS, Export, Exports as ExportsSection } from '../policy/sections/exports.ts';
import type { Content } from './content.ts';
import { writeWhole } from './destination.ts';
import { Exports } from './exports.ts';
import { fileName, ownFiles } from './file-name.ts';
import { cell, csv } from './formats/csv.ts';
import { json } from './formats/json.ts';
import { formats } from './registry.ts';
import { cronSchedule } from './schedule.ts';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const DAY_MS = 86_400_000;
const folders: string[] = [];
const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'vmoat-export-'));
  folders.push(made);
  return made;
};
after(() => {
  for (const made of folders) rmSync(made, { recursive: true, force: true });
});

const job = (to: string, change: object = {}): Export =>
  Export.parse({
    name: 'nightly',
    cron: '15 2 * * *',
    what: 'graph',
    format: 'json',
    to,
    keep: 2,
    ...change,
  });

const mistakes: [name: string, change: object, message: RegExp][] = [
  ['seconds', { cron: '0 15 2 * * *' }, /seconds are not taken/],
  ['too few fields', { cron: '15 2' }, /five fields/],
  ['no such minute', { cron: '75 2 * * *' }, /a cron expression such as/],
  ['a time zone that is none', { timezone: 'Mars/Olympus' }, /a time zone such as/],
  ['a format that this has not', { what: 'flows', format: 'nftables' }, /one of json, csv for flows/],
  ['a relative path', { to: 'here' }, /an absolute path/],
  ['a path upwards', { to: '/srv/../etc' }, /without \.\./],
  ['a hidden file', { file: '.{name}' }, /letters, digits/],
  ['a file elsewhere', { file: '../{name}' }, /letters, digits/],
  ['an unknown placeholder', { file: '{secret}' }, /letters, digits/],
];
for (const [name, change, message] of mistakes)
  test(`an export is refused for ${name}`, () => {
    const base = { name: 'a', cron: '15 2 * * *', what: 'graph', format: 'json', to: '/srv' };
    const issues = Export.safeParse({ ...base, ...change }).error?.issues ?? [];
    assert.match(issues.map((issue) => issue.message).join('\n'), message);
  });

test('names of exports are given once; each format that can be asked for is there', () => {
  const one = { name: 'a', cron: '15 2 * * *', what: 'graph', format: 'json', to: '/srv' };
  assert.equal(ExportsSection.safeParse([one, { ...one, name: 'b' }]).success, true);
  assert.equal(ExportsSection.safeParse([one, one]).success, false);
  const known = new Set(formats.map(({ name }) => name));
  for (const wanted of Object.values(EXPORT_FORMATS).flat()) assert.ok(known.has(wanted), wanted);
});

test('the example of docs/exports.md is a policy', () => {
  const page = readFileSync(new URL('../../docs/exports.md', import.meta.url), 'utf8');
  const example = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  const parsed = parsePolicy(example, 'exports.md');
  assert.deepEqual(parsed.problems, []);
  assert.ok((parsed.document?.exports.length ?? 0) >= 2);
});

const graph: Graph = {
  at: '2026-11-20T12:00:00.000Z',
  level: 'vm',
  since: null,
  until: null,
  nodes: [
    { id: 'w', kind: 'vm', name: '=web,"1"', addresses: [] },
    { id: 'd', kind: 'vm', name: 'db', addresses: [] },
  ],
  edges: [
    {
      ...{ id: 'e', from: 'w', to: 'd', app: 'postgresql', confidence: 'sure', proto: 'tcp', port: 5432 },
      ...{ sessions: 3, open: 1, packets: [1, 2], bytes: [3, 4], rate: [0, 0], violations: 0 },
      ...{ first: '2026-11-20T11:00:00.000Z', last: '2026-11-20T12:00:00.000Z' },
    },
  ],
};
const textOf = async (parts: Iterable<string> | AsyncIterable<string>): Promise<string> => {
  let text = '';
  for await (const part of parts) text += part;
  return text;
};
const ABOUT = { host: 'host-1', at: '2026-11-20T12:00:00.000Z' };

test('CSV: quotes, line breaks, and nothing that a spreadsheet would run', async () => {
  assert.deepEqual(['a', 'a,b', 'a"b', 'a\nb', '=1+1', '-1', '@x', 7, false, null].map(cell), [
    'a',
    '"a,b"',
    '"a""b"',
    '"a\nb"',
    "'=1+1",
    "'-1",
    "'@x",
    '7',
    'false',
    '',
  ]);
  const text = await textOf(csv.write({ what: 'graph', content: graph }, ABOUT).parts);
  const [head, edge, end] = text.split('\r\n');
  assert.match(head ?? '', /^from,from_id,to,to_id,app,/);
  assert.equal(
    edge,
    '"\'=web,""1""",w,db,d,postgresql,sure,tcp,5432,3,1,1,2,3,4,2026-11-20T11:00:00.000Z,2026-11-20T12:00:00.000Z,0',
  );
  assert.equal(end, '');
});

async function* someFlows(count: number): AsyncGenerator<Flow> {
  for (let n = 0; n < count; n++)
    yield {
      ...{ type: 'flow', id: String(n), parent: null, segment: 'net', proto: 'tcp', src: '10.0.0.1' },
      ...{ sport: 1, dst: '10.0.0.2', dport: 80, direction: 'seen', tunnel: [], packets: [1, 2] },
      ...{ bytes: [3, 4], first: ABOUT.at, last: ABOUT.at, end: null, threats: ['scan'], anomalies: [] },
    } as Flow;
}

test('flows: one object or row a line', async () => {
  const objects = await textOf(json.write({ what: 'flows', content: someFlows(3) }, ABOUT).parts);
  assert.deepEqual(
    objects
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).id),
    ['0', '1', '2'],
  );
  const rows = await textOf(csv.write({ what: 'flows', content: someFlows(3) }, ABOUT).parts);
  assert.equal(rows.split('\r\n').length, 5);
  assert.match(rows, /,scan,\r\n/);
});

test('names from templates, and which files are of the same export', () => {
  const parts = { name: 'n.1', at: ABOUT.at, host: 'host one/..', version: 7 };
  const name = fileName('{name}-{host}-v{version}-{time}', 'json', parts);
  assert.equal(name, 'n.1-host_one_..-v7-20261120T120000Z.json');
  const own = ownFiles('{name}-{host}-v{version}-{time}', 'json', parts);
  assert.ok(own.test(name));
  for (const other of [name.replace('n.1', 'nx1'), `${name}.bak`, `x${name}`, name.replace('.json', '.csv')])
    assert.ok(!own.test(other), other);
});

test('a file appears whole or not at all; a link in its way is not followed', async () => {
  const to = folder();
  const victim = join(to, 'victim');
  writeFileSync(victim, 'untouched');
  symlinkSync(victim, join(to, '.a.json.new'));
  assert.equal(await writeWhole(to, 'a.json', ['{}', '\n']), 3);
  assert.equal(readFileSync(victim, 'utf8'), 'untouched');
  assert.equal(statSync(join(to, 'a.json')).mode & 0o777, 0o640);
  async function* broken(): AsyncGenerator<string> {
    yield 'half';
    throw new Error('the source broke');
  }
  await assert.rejects(writeWhole(to, 'b.json', broken()), /the source broke/);
  assert.deepEqual(readdirSync(to).sort(), ['a.json', 'victim']);
});

function setUp(change: { stateFile?: string; content?: () => Promise<Content>; clock?: ManualClock } = {}) {
  const to = folder();
  const clock = change.clock ?? new ManualClock(NOW);
  const told: EventRecord[] = [];
  const due: (() => void)[] = [];
  const overslept: ((due: Date) => void)[] = [];
  const stopped: string[] = [];
  const exports = new Exports({
    stateFile: change.stateFile ?? join(folder(), 'exports.json'),
    hostName: 'host-1',
    clock,
    log: silentLog,
    emit: emitter(clock, (event) => told.push(event)),
    content: change.content ?? (async () => ({ what: 'graph', content: graph })),
    policyVersion: () => 3,
    schedule: ({ cron }, run, missed) => {
      due.push(run);
      overslept.push(missed);
      return { next: () => new Date(clock.now() + DAY_MS), stop: () => stopped.push(cron) };
    },
  });
  return { exports, to, clock, told, due, stopped, overslept, kinds: () => told.map(({ kind }) => kind) };
}

test('a run writes, tells, and keeps the newest files; its own alone', async () => {
  const { exports, to, clock, kinds } = setUp();
  exports.use([job(to)]);
  writeFileSync(join(to, 'nightly-notes.json'), 'mine');
  for (let n = 0; n < 3; n++) {
    const result = await exports.run('nightly');
    assert.equal(result?.error, null);
    const at = new Date(clock.now());
    utimesSync(join(to, result?.file ?? ''), at, at);
    clock.advance(60_000);
  }
  assert.deepEqual(readdirSync(to).sort(), [
    'nightly-20261120T120100Z.json',
    'nightly-20261120T120200Z.json',
    'nightly-notes.json',
  ]);
  const [shown] = exports.list();
  assert.deepEqual(shown?.last?.removed, ['nightly-20261120T120000Z.json']);
  assert.deepEqual([shown?.running, shown?.last?.trigger, shown?.missed], [false, 'request', null]);
  assert.equal(shown?.next, new Date(clock.now() + DAY_MS).toISOString());
  assert.deepEqual(kinds(), ['export-done', 'export-done', 'export-done']);
  assert.deepEqual(JSON.parse(readFileSync(join(to, 'nightly-20261120T120200Z.json'), 'utf8')), graph);
  assert.equal(await exports.run('none'), null);
  await exports.stop();
});

test('what goes wrong is in the result and an event', async () => {
  const { exports, told, to } = setUp();
  exports.use([job(join(to, 'none'))]);
  const result = await exports.run('nightly');
  assert.match(result?.error ?? '', /is not there/);
  assert.deepEqual([told[0]?.kind, told[0]?.severity], ['export-failed', 'high']);
  await exports.stop();
});

test('one run of each at a time: a second is refused, one by the clock is reported', async () => {
  let finish = (): void => undefined;
  const going = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const { exports, to, due, kinds } = setUp({
    content: async () => {
      await going;
      return { what: 'graph', content: graph };
    },
  });
  exports.use([job(to)]);
  const first = exports.run('nightly');
  await assert.rejects(exports.run('nightly'), { code: 'export_running' });
  assert.equal(exports.find('nightly')?.running, true);
  exports.use([job(to, { keep: 3 })]);
  assert.equal(exports.find('nightly')?.running, true, 'also under a changed document');
  for (const run of due) run();
  finish();
  await first;
  assert.deepEqual(kinds(), ['export-missed', 'export-missed', 'export-done']);
  due.at(-1)?.();
  await until(() => kinds().length === 4);
  assert.equal(exports.find('nightly')?.last?.trigger, 'cron');
  await exports.stop();
});

test('the last result outlives hostd; a run that was due meanwhile is reported, once', async () => {
  const stateFile = join(folder(), 'exports.json');
  const before = setUp({ stateFile });
  before.exports.use([job(before.to)]);
  await before.exports.run('nightly');
  await before.exports.stop();
  assert.equal(statSync(stateFile).mode & 0o777, 0o600);
  const clock = new ManualClock(NOW + 2 * DAY_MS);
  const next = setUp({ stateFile, clock });
  next.exports.use([job(before.to)]);
  assert.deepEqual(next.kinds(), ['export-missed']);
  assert.equal(next.exports.find('nightly')?.missed, new Date(NOW + DAY_MS).toISOString());
  assert.equal(next.exports.find('nightly')?.last?.error, null);
  next.exports.use([job(before.to, { keep: 9 })]);
  assert.equal(next.told.length, 1);
  await next.exports.stop();
  const again = setUp({ stateFile, clock });
  again.exports.use([job(before.to)]);
  assert.equal(again.told.length, 0);
  await again.exports.stop();
});

test('an export that left the document is stopped and forgotten', async () => {
  const { exports, to, stopped } = setUp();
  exports.use([job(to)]);
  exports.use([]);
  assert.deepEqual([exports.list(), stopped], [[], ['15 2 * * *']]);
  await exports.stop();
});

test('what the host slept through is told once, not again after a restart', async () => {
  const stateFile = join(folder(), 'exports.json');
  const { exports, to, clock, overslept, kinds } = setUp({ stateFile });
  exports.use([job(to)]);
  clock.advance(2 * DAY_MS);
  overslept[0]?.(new Date(clock.now() - DAY_MS));
  assert.deepEqual(kinds(), ['export-missed']);
  assert.equal(exports.list()[0]?.missed, new Date(clock.now() - DAY_MS).toISOString());
  await exports.stop();
  const again = setUp({ stateFile, clock });
  again.exports.use([job(to)]);
  assert.deepEqual(again.kinds(), []);
  await again.exports.stop();
});

test('cron and time zones: the next run is where the zone has it', () => {
  const scheduled = cronSchedule(
    { cron: '15 2 * * *', timezone: 'Asia/Kolkata' },
    () => undefined,
    () => undefined,
  );
  const next = scheduled.next();
  scheduled.stop();
  assert.equal(next?.toISOString().slice(11, 16), '20:45');
});

test('a schedule runs what is due, and tells what the host slept through', async () => {
  const said: string[] = [];
  const time = { now: Date.parse('2026-11-20T11:59:59.995Z') };
  const scheduled = cronSchedule(
    { cron: '0 */3 * * *', timezone: 'UTC' },
    () => said.push('ran'),
    (due) => said.push(`missed ${due.toISOString()}`),
    () => time.now,
  );
  time.now = Date.parse('2026-11-20T21:00:10Z');
  await until(() => said.length >= 2);
  scheduled.stop();
  assert.deepEqual(said, ['missed 2026-11-20T12:00:00.000Z', 'ran']);
  assert.equal(scheduled.next()?.toISOString(), '2026-11-21T00:00:00.000Z');
});

test('a directory is not made', async () => {
  const { exports, to } = setUp();
  mkdirSync(join(to, 'there'));
  writeFileSync(join(to, 'file'), '');
  exports.use([job(join(to, 'file'))]);
  assert.match((await exports.run('nightly'))?.error ?? '', /is no directory/);
  await exports.stop();
});
