import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyRule, PolicyTables } from '../../../dp/contract/policy.ts';
import { ManualClock } from '../../base/clock.ts';
import type { RuleCount, RuleGain } from '../../base/rule-count.ts';
import { meaningOf } from './meaning.ts';
import { RuleCounters } from './rule-counters.ts';

const T0 = Date.parse('2026-11-20T12:00:00Z');
const [HOUR_MS, DAY_MS] = [3_600_000, 86_400_000];
const DP = 'dp1';
const [ANY, WEB, OFFICE] = [0, 4, 5];

const rule = (id: string, change: Partial<PolicyRule> = {}): PolicyRule => ({
  ...{
    number: 1,
    id,
    from: ANY,
    to: WEB,
    applications: [],
    ports: ['tcp/80'],
    action: 'allow',
    learned: false,
  },
  ...change,
});

/** `web` is a group of VMs, `office` one of addresses. */
function tables(rules: PolicyRule[], isWebThere = true): PolicyTables {
  const none = { mode: null, failPolicy: 'open', addresses: [] as string[], fqdn: [] } as const;
  const groups = ['any', 'host', 'external', 'unknown', 'web'].map((name) => ({ ...none, name, fqdn: [] }));
  const nic = { tap: 'vnet1', mac: '', nic: '', groups: [ANY, WEB] };
  return {
    generation: 1,
    groups: [...groups, { ...none, name: 'office', addresses: ['192.0.2.0/24'], fqdn: [] }],
    rules,
    nics: isWebThere ? [nic] : [],
    unknown: [],
    ends: [],
  };
}

const gain = (id: string, last: number, flows = 1): RuleGain => ({
  ...{ rule: id, flows, packets: [2, 3], bytes: [200, 300], last },
});

/** What outlives hostd. */
const disk = () => ({ rules: new Map<string, RuleCount>(), watched_ms: 0, receipt: null as number | null });

/** Counters whose time, data plane and disk the test has in its hands; the disk has each batch at once. */
async function setUp(kept = disk(), now = T0) {
  const clock = new ManualClock(now);
  const made = { clock, kept, isWatched: true };
  const counters = new RuleCounters({
    clock,
    keep_ms: 7 * DAY_MS,
    load: async () => ({
      rules: [...kept.rules.values()],
      watched_ms: kept.watched_ms,
      receipt: kept.receipt === null ? null : { instance: DP, batch: kept.receipt },
    }),
    save: (changed, gone, watched_ms) => {
      for (const each of changed) kept.rules.set(each.id, each);
      for (const id of gone) kept.rules.delete(id);
      kept.watched_ms = watched_ms;
    },
    isWatched: () => made.isWatched,
  });
  await counters.load();
  const take = (batch: number, ...gains: RuleGain[]): void => {
    counters.take({ instance: DP, batch }, gains);
    kept.receipt = batch;
  };
  const sums = (id: string) => {
    const found = counters.of(id);
    return found && [found.flows, found.packets, found.bytes, found.last];
  };
  const idle = (least_ms: number) => counters.idle(least_ms);
  return { ...made, made, counters, take, sums, idle };
}

test('batches add up, and the latest match is known', async () => {
  const { counters, take, sums, clock } = await setUp();
  counters.use(tables([rule('a'), rule('b')]));
  clock.advance(60_000);
  take(1, gain('a', T0 + 1000), gain('unknown', T0));
  take(2, gain('a', T0 + 500, 3));
  assert.deepEqual(sums('a'), [4, [4, 6], [400, 600], T0 + 1000]);
  assert.deepEqual(sums('b'), [0, [0, 0], [0, 0], null]);
  assert.equal(sums('unknown'), null);
});

test('it is all there after a restart, and a batch that comes again is not counted twice', async () => {
  const first = await setUp();
  first.counters.use(tables([rule('a')]));
  first.take(6, gain('a', T0));
  first.take(7, gain('a', T0));
  const next = await setUp(first.kept, T0 + HOUR_MS);
  next.counters.use(tables([rule('a')]));
  next.take(7, gain('a', T0));
  assert.equal(next.sums('a')?.[0], 2);
  next.take(8, gain('a', T0));
  next.counters.take({ instance: 'dp2', batch: 1 }, [gain('a', T0)]);
  assert.equal(next.sums('a')?.[0], 4, 'another instance of dp begins with 1');
});

test('counters stay over versions as long as the rule says the same, and begin anew when it does not', async () => {
  const { counters, take, sums, clock } = await setUp();
  counters.use(tables([rule('a')]));
  take(1, gain('a', T0));
  counters.use(tables([rule('z'), rule('a', { number: 9 })]));
  assert.equal(sums('a')?.[0], 1);
  clock.advance(10_000);
  counters.use(tables([rule('a', { ports: ['tcp/81'] })]));
  take(2, gain('a', T0 + 9000));
  assert.deepEqual(
    sums('a'),
    [0, [0, 0], [0, 0], null],
    'what it decided before belongs to what it said then',
  );
  take(3, gain('a', T0 + 10_000));
  assert.equal(sums('a')?.[0], 1);
});

test('what was learned keeps its counters while it grows', async () => {
  const { counters, take, sums } = await setUp();
  counters.use(tables([rule('learned:x', { learned: true })]));
  take(1, gain('learned:x', T0));
  counters.use(tables([rule('learned:x', { learned: true, ports: ['tcp/80', 'tcp/81'] })]));
  assert.equal(sums('learned:x')?.[0], 1);
});

test('unused is what was watched for so long without a match; the young are not', async () => {
  const { counters, take, idle, clock } = await setUp();
  counters.use(tables([rule('old'), rule('busy')]));
  clock.advance(20 * HOUR_MS);
  counters.use(tables([rule('old'), rule('busy'), rule('young')]));
  clock.advance(10 * HOUR_MS);
  take(1, gain('busy', clock.now()));
  clock.advance(HOUR_MS);
  assert.deepEqual(idle(30 * HOUR_MS), ['old']);
  assert.deepEqual(idle(10 * HOUR_MS), ['old', 'young']);
  assert.equal(Math.round((counters.of('young')?.watched_ms ?? 0) / HOUR_MS), 11);
  take(2, gain('old', clock.now()));
  assert.deepEqual(idle(30 * HOUR_MS), []);
});

test('time in which nobody watched does not count: dp away, hostd away, a sleeping host', async () => {
  const first = await setUp();
  first.counters.use(tables([rule('a')]));
  first.clock.advance(2 * HOUR_MS);
  first.made.isWatched = false;
  first.clock.advance(50 * DAY_MS);
  const next = await setUp(first.kept, first.clock.now() + 50 * DAY_MS);
  next.counters.use(tables([rule('a')]));
  next.clock.advance(HOUR_MS);
  const watched_ms = next.counters.of('a')?.watched_ms ?? 0;
  assert.ok(watched_ms > 2.9 * HOUR_MS && watched_ms <= 3 * HOUR_MS, String(watched_ms));
  assert.deepEqual(next.idle(4 * HOUR_MS), []);
});

test('a rule for VMs of which none runs is not put to the test; one for addresses is', async () => {
  const { counters, idle, clock } = await setUp();
  const rules = [rule('web'), rule('office', { to: OFFICE })];
  counters.use(tables(rules, false));
  clock.advance(2 * HOUR_MS);
  assert.deepEqual(idle(HOUR_MS), ['office']);
  counters.use(tables(rules));
  clock.advance(HOUR_MS / 2);
  assert.deepEqual(idle(HOUR_MS), ['office']);
  clock.advance(HOUR_MS);
  assert.deepEqual(idle(HOUR_MS), ['web', 'office']);
});

test('a rule that is gone is kept for as long as the history, and watched anew when it comes back', async () => {
  const { counters, take, sums, idle, clock, kept } = await setUp();
  counters.use(tables([rule('a'), rule('b')]));
  take(1, gain('a', T0));
  clock.advance(2 * HOUR_MS);
  counters.use(tables([]));
  assert.deepEqual(idle(HOUR_MS), []);
  counters.use(tables([rule('a')]));
  assert.deepEqual([sums('a')?.[0], counters.of('a')?.watched_ms, idle(HOUR_MS)], [1, 0, []]);
  clock.advance(8 * DAY_MS);
  assert.deepEqual([...kept.rules.keys()], ['a']);
});

test('the longest gone give way where rules are too many', async () => {
  const { counters, kept, clock } = await setUp();
  const some = (name: string) => Array.from({ length: 60_000 }, (_, n) => rule(`${name}${n}`));
  for (const name of ['x', 'y']) {
    counters.use(tables(some(name)));
    clock.advance(1000);
  }
  assert.equal(kept.rules.size, 100_000);
  assert.equal(kept.rules.has('y59999'), true);
});

test('what a rule means is its ends, services and action, however they are written', () => {
  const one = { from: 'vm:a', to: 'b', action: 'allow' } as const;
  assert.equal(meaningOf(one), meaningOf({ ...one, from: 'vm.a', ports: [] }));
  assert.notEqual(meaningOf(one), meaningOf({ ...one, action: 'deny' }));
  const long = Array.from({ length: 256 }, (_, n) => `tcp/${n}`);
  assert.equal(meaningOf({ ...one, ports: long }).length, 43);
});
