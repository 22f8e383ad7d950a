import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ManualClock } from '../../base/clock.ts';
import { Policy } from '../policy.ts';
import { FileStore } from '../store/file-store.ts';
import { RuleCounters } from './rule-counters.ts';
import { countedRules } from './rule-list.ts';
import { Unused, unusedText } from './unused.ts';

const root = mkdtempSync(join(tmpdir(), 'hos-unused-'));
after(() => rmSync(root, { recursive: true }));
const T0 = Date.parse('2026-11-20T12:00:00Z');
const [HOUR_MS, DAY_MS] = [3_600_000, 86_400_000];
const ANN = { author: 'ann', reason: '' };

const TEXT = `version: vmoat/v1
groups:
  - { name: office, addresses: [192.0.2.0/24] }
rules:
  # comments stay
  - { id: old, from: office, to: host, ports: [tcp/1], action: allow, comment: once }
  - { id: busy, from: office, to: host, ports: [tcp/2], action: allow }
  - { id: guard, from: office, to: host, ports: [tcp/3], action: deny }
  - { id: off, from: office, to: host, ports: [tcp/4], action: allow, disabled: true }
`;
const LEARNED = { id: 'learned:x', from: 'office', to: 'host', applications: ['http'], ports: ['tcp/80'] };
let folders = 0;

async function setUp() {
  const clock = new ManualClock(T0);
  const store = await FileStore.open(join(root, String(++folders)));
  const moment = () => ({ wall_ms: clock.now(), boot: 'one', uptime_ms: clock.now() });
  const policy = await Policy.open({ store, clock, moment, hostName: 'kvm', defaultMode: 'learn' });
  const counters = new RuleCounters({
    clock,
    keep_ms: 7 * DAY_MS,
    load: async () => ({ rules: [], watched_ms: 0, receipt: null }),
    save: () => undefined,
    isWatched: () => true,
  });
  await counters.load();
  const nobody = {
    workloads: () => [],
    ends: () => [],
    givenAddresses: () => new Map(),
    foreignTaps: () => [],
  };
  const ignored = { onPlaces: () => undefined, onNews: () => undefined, compile: () => undefined };
  policy.attach(nobody, { ...ignored, onTables: (tables) => counters.use(tables) });
  await policy.versions.apply({ ...ANN, text: TEXT, source: null, confirmWithin_ms: null });
  await policy.learn([LEARNED]);
  const told: (readonly string[])[] = [];
  const forgotten: string[] = [];
  const forgetRules = async (ids: readonly string[]): Promise<void> => void forgotten.push(...ids);
  const unused = new Unused({
    ...{ clock, policy, counters, learner: { forgetRules }, after_ms: 30 * HOUR_MS },
    onProposed: (ids) => told.push(ids),
  });
  let batch = 0;
  const use = (rule: string): void => {
    const gain = { rule, flows: 1, packets: [1, 1], bytes: [9, 9], last: clock.now() } as const;
    counters.take({ instance: 'dp', batch: ++batch }, [
      { ...gain, packets: [...gain.packets], bytes: [...gain.bytes] },
    ]);
  };
  return { clock, policy, counters, unused, told, forgotten, use };
}

test('what allows and decided nothing for so long is proposed, and told once until it decides again', async () => {
  const { clock, unused, told, use } = await setUp();
  clock.advance(20 * HOUR_MS);
  use('busy');
  clock.advance(9 * HOUR_MS);
  assert.deepEqual([unused.list(), told], [[], []]);
  clock.advance(2 * HOUR_MS);
  assert.deepEqual(
    unused.list().map(({ id, line, last, idleMs }) => [id, line, last, Math.round(idleMs / HOUR_MS)]),
    [
      ['old', 6, null, 31],
      ['learned:x', null, null, 31],
    ],
  );
  clock.advance(10 * HOUR_MS);
  assert.deepEqual(told, [['old', 'learned:x']]);
  use('old');
  clock.advance(31 * HOUR_MS);
  assert.deepEqual(told.slice(1), [['busy'], ['old']]);
});

test('they go in one step with a reason, come back by rollback, and are watched anew then', async () => {
  const { clock, policy, unused, forgotten, use, counters } = await setUp();
  clock.advance(HOUR_MS);
  use('old');
  clock.advance(40 * HOUR_MS);
  use('busy');
  const diff = await unused.diff(unused.list());
  assert.match(diff, /^- {2}- \{ id: old, .* comment: once \}$/m);
  assert.equal(diff.split('\n').filter((line) => /^[-+][^-+]/.test(line)).length, 1);
  await assert.rejects(unused.remove(['busy'], unused.after_ms, ANN), { code: 'not_found' });
  const { version, removed } = await unused.remove(null, unused.after_ms, ANN);
  assert.deepEqual(
    [version?.version, version?.author, version?.reason],
    [2, 'ann', 'unused for 1 day: old, learned:x'],
  );
  assert.deepEqual([removed, forgotten], [['old'], ['learned:x']]);
  assert.equal(policy.versions.live.text, TEXT.replace(/^.*id: old.*\n/m, ''));
  await policy.versions.rollback(1, { ...ANN, confirmWithin_ms: null });
  const back = counters.of('old');
  assert.deepEqual([back?.flows, back?.idle_ms], [1, 0]);
  await policy.learn([]);
  await assert.rejects(unused.remove(null, unused.after_ms, ANN), { code: 'not_found' });
});

test('the list has every rule, also those out of effect, with its line and what it decided', async () => {
  const { clock, policy, counters, use } = await setUp();
  use('guard');
  assert.deepEqual(
    countedRules(policy, counters, clock.now()).map(({ id, line, state, flows, last, since }) => [
      ...[id, line, state, flows, last, since === null],
    ]),
    [
      ['old', 6, 'in effect', 0, null, false],
      ['busy', 7, 'in effect', 0, null, false],
      ['guard', 8, 'in effect', 1, '2026-11-20T12:00:00.000Z', false],
      ['off', 9, 'disabled', 0, null, true],
      ['learned:x', null, 'in effect', 0, null, false],
    ],
  );
});

test('the event names a few', () => {
  assert.equal(
    unusedText(['a', 'b', 'c', 'd', 'e', 'f', 'g'], 30 * DAY_MS),
    '7 rules decided nothing in 30 days of watching: a, b, c, d, e and 2 more; `vmoat policy unused` proposes to remove them',
  );
});
