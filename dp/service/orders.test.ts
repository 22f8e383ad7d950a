import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deadlineIn, type Moment } from '../client/deadline.ts';
import type { PolicyOrder, PolicyTables } from '../contract/policy.ts';
import type { TablesStatus } from '../contract/protocol.ts';
import { type Kept, NOTHING_KEPT } from './kept.ts';
import { GRACE_MS, Orders } from './orders.ts';

const T0 = Date.parse('2026-11-20T12:00:00Z');

/** Told from others by its unknown groups. */
const tables = (generation: number, mark: number, segments: number[] = []): PolicyTables => ({
  ...{ generation, groups: [], rules: [], nics: [], unknown: [mark] },
  ends: segments.map((segment) => ({ segment, address: '192.0.2.1', groups: [0] })),
});

function setUp(kept: Kept = NOTHING_KEPT) {
  const now: Moment = { wall_ms: T0, boot: 'one', uptime_ms: 1_000 };
  const disk: Kept[] = [];
  const compiled: { tables: PolicyTables; kept: boolean }[] = [];
  const orders = new Orders({
    kept,
    write: async (text) => void disk.push(structuredClone(text)),
    compile: (given, isKept) => compiled.push({ tables: given, kept: isKept }),
    moment: () => ({ ...now }),
    log: () => undefined,
  });
  const pass = (ms: number): void => {
    now.wall_ms += ms;
    now.uptime_ms += ms;
  };
  /** Until a minute and the grace are over, before which nothing is compiled. */
  const passTheMinute = (): void => {
    const before = compiled.length;
    pass(60_000 + GRACE_MS - 1);
    orders.tick();
    assert.equal(compiled.length, before);
    pass(1);
    orders.tick();
    orders.tick();
  };
  /** The data plane's newest word: what was sent last is in force, unless it is refused. */
  const compile = (refused = ''): TablesStatus => {
    const newest = compiled.at(-1)?.tables.generation ?? 1;
    if (!refused) return { generation: newest, compileMs: 1, refused: null };
    return { generation: newest - 1, compileMs: 1, refused: { generation: newest, reason: refused } };
  };
  const trial = (mark: number, previous: number, name = 'trial'): PolicyOrder => ({
    ...tables(mark, mark),
    unconfirmed: { trial: name, deadline: deadlineIn(60_000, now), previous: tables(previous, previous) },
  });
  return { orders, disk, compiled, now, pass, passTheMinute, compile, trial };
}
const settled = (): Promise<void> => new Promise((done) => setImmediate(done));
const markOf = (policy: PolicyTables | null | undefined): number | undefined => policy?.unknown[0];

test('an order is kept once it is in force, and clients hear of their own generations', async () => {
  const { orders, disk, compiled, compile } = setUp();
  orders.take(tables(7, 70));
  assert.deepEqual([disk.length, compiled[0]?.tables.generation, compiled[0]?.kept], [0, 2, false]);
  assert.deepEqual(orders.heard(compile()), {
    ...{ generation: 7, compileMs: 1, refused: null },
    ...{ kept: false, unconfirmed: null, wentBack: null },
  });
  await settled();
  assert.deepEqual([disk.length, markOf(disk[0]?.policy), disk[0]?.policy?.generation], [1, 70, 7]);
  assert.equal(orders.heard(compile()).kept, true);
  orders.take(tables(1, 71)); // of a hostd that has started anew
  assert.deepEqual(orders.heard(compile('rules[0]: …')), {
    ...{ generation: 7, compileMs: 1, refused: { generation: 1, reason: 'rules[0]: …' } },
    ...{ kept: true, unconfirmed: null, wentBack: null },
  });
  assert.equal(disk.length, 1, 'what was refused is not kept');
});

test('a trial that nobody confirms ends a moment after its deadline, by itself, and on disk first', async () => {
  const { orders, disk, compiled, compile, passTheMinute, trial } = setUp();
  orders.take(trial(2, 1));
  assert.equal(orders.heard(compile()).unconfirmed?.at, '2026-11-20T12:01:00.000Z');
  passTheMinute();
  assert.deepEqual([compiled.length, markOf(compiled[1]?.tables), compiled[1]?.kept], [2, 1, true]);
  const { policy, unconfirmed, wentBack } = disk.at(-1) ?? NOTHING_KEPT;
  assert.deepEqual([markOf(policy), unconfirmed, wentBack?.trial], [1, null, 'trial']);
  const { generation, wentBack: told } = orders.heard(compile());
  assert.deepEqual([generation, told?.trial], [1, 'trial']);
});

test('a clock that jumps ends no trial, and lengthens none', () => {
  for (const jump of [-86_400_000, 86_400_000]) {
    const { orders, compiled, compile, pass, now, trial } = setUp();
    orders.take(trial(2, 1));
    orders.heard(compile());
    now.wall_ms += jump;
    pass(59_000);
    orders.tick();
    assert.equal(compiled.length, 1);
    pass(2_000 + GRACE_MS);
    orders.tick();
    assert.equal(markOf(compiled[1]?.tables), 1);
  }
});

test('a trial that is confirmed stays; one that has ended here is not begun again', () => {
  const { orders, compiled, compile, pass, trial } = setUp();
  const order = trial(2, 1);
  orders.take(order);
  orders.heard(compile());
  orders.take(tables(3, 2));
  orders.heard(compile());
  pass(120_000);
  orders.tick();
  assert.deepEqual([compiled.length, orders.heard(compile()).unconfirmed], [2, null]);

  const again = setUp();
  again.orders.take(order);
  again.orders.heard(again.compile());
  again.pass(60_000 + GRACE_MS);
  again.orders.tick();
  again.orders.heard(again.compile());
  again.orders.take({ ...order, generation: 9 });
  assert.equal(markOf(again.compiled.at(-1)?.tables), 1);
  const { generation, wentBack } = again.orders.heard(again.compile());
  assert.deepEqual([generation, wentBack?.trial], [9, 'trial']);
  again.orders.take(again.trial(4, 1, 'another'));
  assert.equal(markOf(again.compiled.at(-1)?.tables), 4);
  assert.equal(again.orders.heard(again.compile()).wentBack, null);
});

const DENY = {
  id: 'r',
  from: 0,
  to: 0,
  applications: [],
  ports: [],
  action: 'deny' as const,
  learned: false,
};
const expiring = (mark: number, ...after_ms: (number | null)[]): PolicyTables => ({
  ...tables(mark, mark),
  rules: after_ms.map((each, at) => ({
    ...DENY,
    number: at + 1,
    ...(each !== null && { expires: T0 + each }),
  })),
});
const numbersOf = (policy: PolicyTables | undefined): number[] =>
  policy?.rules.map(({ number }) => number) ?? [];

test('rules end when their time is over, though nobody sends other tables', async () => {
  const { orders, disk, compiled, compile, pass, passTheMinute } = setUp();
  orders.take(expiring(7, 60_000, null, 0, 90_000));
  orders.heard(compile());
  assert.deepEqual(numbersOf(compiled[0]?.tables), [1, 2, 4]);
  passTheMinute();
  assert.deepEqual([compiled.length, numbersOf(compiled[1]?.tables), compiled[1]?.kept], [2, [2, 4], true]);
  const { generation, kept } = orders.heard(compile());
  assert.deepEqual([generation, kept], [7, false]);
  await settled();
  assert.deepEqual(numbersOf(disk.at(-1)?.policy ?? undefined), [1, 2, 3, 4], 'kept as it was told');
  pass(30_000);
  orders.tick();
  orders.heard(compile());
  pass(86_400_000);
  orders.tick();
  assert.deepEqual([compiled.length, numbersOf(compiled[2]?.tables)], [3, [2]]);
});

test('a restart finds the rules that are left, a trial that ends finds those of before', () => {
  const again = setUp({ ...NOTHING_KEPT, policy: expiring(3, 0, 60_000, null) });
  assert.deepEqual([numbersOf(again.orders.first ?? undefined), again.orders.first?.generation], [[2, 3], 1]);
  again.pass(60_000 + GRACE_MS);
  again.orders.tick();
  assert.deepEqual(numbersOf(again.compiled[0]?.tables), [3]);

  const { orders, compiled, compile, pass, trial } = setUp();
  const order = trial(2, 1);
  if (order.unconfirmed) order.unconfirmed.previous = expiring(1, 30_000, null);
  orders.take(order);
  orders.heard(compile());
  pass(60_000 + GRACE_MS);
  orders.tick();
  assert.deepEqual(numbersOf(compiled[1]?.tables), [2]);
});

test('segments that ends stand in are kept by name, also those that this run has not met yet', async () => {
  const met = { ...{ netns: 'host', ifindex: 9 }, segment: 3, link: 'br1', vlan: 0 };
  const { orders, disk, compile } = setUp({
    ...NOTHING_KEPT,
    policy: tables(1, 1, [2]),
    segments: [{ segment: 2, link: 'br0', vlan: 7 }],
  });
  orders.meet([met, { ...met, segment: 4, link: 'br4' }]);
  orders.take(tables(2, 2, [2, 3]));
  orders.heard(compile());
  await settled();
  assert.deepEqual(disk.at(-1)?.segments, [
    { segment: 3, link: 'br1', vlan: 0 },
    { segment: 2, link: 'br0', vlan: 7 },
  ]);
});

test('NICs are kept when they change', async () => {
  const { orders, disk } = setUp();
  const nic = {
    tap: 'vnet0',
    mac: '52:54:00:00:00:01',
    workload: 'w',
    nic: 'n',
    bandwidth: false,
    filtered: false,
  };
  orders.expect({ generation: 1, nics: [nic] });
  orders.expect({ generation: 2, nics: [nic] });
  await settled();
  assert.deepEqual(
    disk.map(({ nics }) => nics),
    [[nic]],
  );
});

test('a disk that does not take it is told, and what is in force counts as not kept', async () => {
  const said: string[] = [];
  const orders = new Orders({
    kept: NOTHING_KEPT,
    write: () => Promise.reject(new Error('no space')),
    compile: () => undefined,
    moment: () => ({ wall_ms: 0, boot: '', uptime_ms: 0 }),
    log: (level, text, more) => said.push(`${level} ${text} ${more?.reason}`),
  });
  orders.take(tables(1, 1));
  orders.heard({ generation: 2, compileMs: 0, refused: null });
  await settled();
  assert.deepEqual(said, ['error what was told is not kept over a restart no space']);
  assert.equal(orders.heard({ generation: 2, compileMs: 0, refused: null }).kept, false);
});
