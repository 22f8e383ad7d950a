import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Receipt } from '../../dp/contract/protocol.ts';
import { type RecordFields, records, registry, T0 } from '../../test/hostd/records.ts';
import { Flow, GraphEdge, type WorkloadRef } from '../api/schema.ts';
import { BatchQueue } from '../base/batch-queue.ts';
import { ManualClock } from '../base/clock.ts';
import type { RuleGain } from '../base/rule-count.ts';
import type { EdgeDelta } from './edge-table.ts';
import type { FlowEnds } from './ends.ts';
import { endNodes, groupGraph, workloadGraph } from './graph.ts';
import { Traffic } from './traffic.ts';

const vm = (id: string): WorkloadRef => ({ kind: 'vm', id, name: `vm ${id}`, why: 'a test' });
const outside: WorkloadRef = { kind: 'external', id: 'external', name: 'external', why: 'a test' };

function setUp(options: { flowsMax?: number; facts?: boolean; defer?: (next: () => void) => void } = {}) {
  const owners = new Map<string, WorkloadRef>([
    ['10.0.0.1', vm('a')],
    ['10.0.0.2', vm('b')],
  ]);
  const clock = new ManualClock(T0);
  const told: Flow[] = [];
  const deltas: EdgeDelta[] = [];
  const taken: Receipt[] = [];
  const gained: RuleGain[][] = [];
  const owner = (address: string): WorkloadRef => owners.get(address) ?? outside;
  const traffic = new Traffic({
    clock,
    flowsMax: options.flowsMax ?? 1000,
    facts: options.facts ?? true,
    nameEnds: ({ src, dst, segment }: FlowEnds) => ({
      from: owner(src),
      to: owner(dst),
      segment: `net ${segment}`,
    }),
    ruleId: (number) => (number < 100 ? `rule-${number}` : null),
    onFlows: (flows) => told.push(...flows),
    onEdges: (edges) => deltas.push(...edges),
    onTaken: (receipt, gains) => {
      taken.push(receipt);
      gained.push(gains);
    },
    defer: options.defer ?? ((next) => next()),
  });
  const take = (...flows: Parameters<typeof records>) =>
    traffic.take(records(...flows), registry, 'instance-one');
  return {
    traffic,
    clock,
    told,
    deltas,
    taken,
    gained,
    owners,
    take,
    edges: () => traffic.edges.toJson(clock.now()),
  };
}

test('a batch is taken when its last record is told of, or dropped', () => {
  const { take, taken, told } = setUp();
  take({ id: 1 }, { id: 2 });
  assert.deepEqual([told.length, taken], [2, [{ instance: 'instance-one', batch: 0 }]]);
  take();
  assert.equal(taken.length, 2);
});

test('a batch that is half worked off adds nothing to edges, and names that change add nothing to it either', () => {
  const waiting: (() => void)[] = [];
  const count = 5000;
  const { traffic, take, taken, told, deltas, owners } = setUp({
    flowsMax: count,
    defer: (next) => waiting.push(next),
  });
  take(...Array.from({ length: count }, (_, id) => ({ id, bytes: [10, 0] as [number, number] })));
  assert.ok(told.length > 0 && told.length < count, `${told.length}`);
  owners.set('10.0.0.2', vm('c'));
  traffic.rename();
  assert.deepEqual([deltas, taken], [[], []]);
  for (let next = waiting.shift(); next; next = waiting.shift()) next();
  assert.equal(taken.length, 1);
  const sums = new Map<string, number>();
  for (const { name, bytes } of deltas) sums.set(name.to.id, (sums.get(name.to.id) ?? 0) + bytes[0]);
  assert.deepEqual([sums.get('b'), sums.get('c')], [0, 10 * count]);
});

test('a record becomes a flow with named ends that fits the schema', () => {
  const { take, told } = setUp();
  take({ id: 7, layers: [2, 3], facts: [[2, Buffer.from('example.org')]] });
  const flow = Flow.parse(told[0]);
  assert.equal(flow.id, 'instance-7');
  assert.deepEqual([flow.from?.id, flow.to?.id, flow.app, flow.segment], ['a', 'b', 'tls/https', 'net 1']);
  assert.deepEqual(flow.facts, { 'tls.sni': 'example.org' });
});

test('facts that a later record leaves out stay, and none are kept where they are off', () => {
  const { take, told } = setUp();
  take({ id: 1, facts: [[1, Buffer.from('a.test')]] });
  take({ id: 1, bytes: [5000, 6000] });
  assert.deepEqual(told[1]?.facts, { 'http.host': 'a.test' });
  const off = setUp({ facts: false });
  off.take({ id: 1, facts: [[1, Buffer.from('a.test')]] });
  assert.equal(off.told[0]?.facts, undefined);
});

test('an edge adds up its flows: totals, sessions, what is open, rates over five seconds', () => {
  const { take, edges, clock } = setUp();
  take({ id: 1, layers: [1], bytes: [1000, 2000] }, { id: 2, layers: [1], bytes: [500, 500], sport: 40_001 });
  const [edge] = edges();
  assert.equal(edges().length, 1);
  assert.deepEqual(GraphEdge.parse(edge).bytes, [1500, 2500]);
  assert.deepEqual([edge?.sessions, edge?.open, edge?.app, edge?.port], [2, 2, 'http', 80]);
  assert.deepEqual(edge?.rate, [300, 500]);
  clock.advance(1000);
  take({ id: 1, layers: [1], bytes: [2000, 2000], deltaBytes: [1000, 0], end: 1, lastMs: T0 + 1000 });
  assert.deepEqual(edges()[0]?.rate, [500, 500]);
  assert.deepEqual([edges()[0]?.sessions, edges()[0]?.open], [2, 1]);
  assert.equal(edges()[0]?.last, new Date(T0 + 1000).toISOString());
  clock.advance(6000);
  assert.deepEqual(edges()[0]?.rate, [0, 0]);
});

test('recognition moves a flow to its right edge, and the history hears of both', () => {
  const { take, edges, deltas } = setUp();
  take({ id: 1, bytes: [100, 100] });
  take({ id: 1, layers: [4], bytes: [300, 400], deltaBytes: [200, 300] });
  assert.deepEqual(
    edges().map((edge) => [edge.app, edge.bytes, edge.sessions]),
    [['postgresql', [300, 400], 1]],
  );
  const sums = new Map<string | null, number>();
  for (const { name, bytes } of deltas) sums.set(name.app, (sums.get(name.app) ?? 0) + bytes[0]);
  assert.deepEqual(
    [...sums],
    [
      [null, 0],
      ['postgresql', 300],
    ],
  );
});

test('a flow that is older than hostd adds only what is new to rates and history', () => {
  const { take, edges, deltas } = setUp();
  take({ id: 1, layers: [1], bytes: [1_000_000, 0], deltaBytes: [10, 0] });
  assert.deepEqual(edges()[0]?.bytes, [1_000_000, 0]);
  assert.deepEqual(edges()[0]?.rate, [2, 0]);
  assert.deepEqual(deltas[0]?.bytes, [10, 0]);
});

test('names that come later move flows and edges', () => {
  const { take, traffic, owners, edges, told } = setUp();
  take({ id: 1, src: [10, 0, 0, 9], layers: [5] });
  assert.equal(edges()[0]?.from, 'external');
  owners.set('10.0.0.9', vm('c'));
  traffic.rename();
  assert.deepEqual(
    edges().map((edge) => [edge.from, edge.sessions]),
    [['c', 1]],
  );
  assert.equal(told.at(-1)?.from?.name, 'vm c');
  const before = told.length;
  traffic.rename();
  assert.equal(told.length, before);
});

test('a new instance of dp ends the flows of the one before', () => {
  const { take, traffic, told, edges } = setUp();
  take({ id: 1 });
  traffic.endOthers('other-instance');
  assert.equal(told.at(-1)?.end, 'evicted');
  assert.deepEqual([edges()[0]?.open, edges()[0]?.sessions, traffic.openFlows], [0, 1, 0]);
});

test('the table is bounded: the longest silent flow goes, counted', () => {
  const { take, traffic, told } = setUp({ flowsMax: 2 });
  take({ id: 1 }, { id: 2 });
  take({ id: 1 });
  take({ id: 3 });
  assert.equal(traffic.openFlows, 2);
  assert.equal(traffic.lost.liveFlows, 1);
  assert.deepEqual([told.at(-1)?.id, told.at(-1)?.end], ['instance-2', 'evicted']);
});

test('the same traffic in a further segment is a flow, but not counted again', () => {
  const { take, traffic, edges, told } = setUp();
  take({ id: 1, bytes: [100, 100] });
  take({ id: 2, parent: 1, segment: 2, bytes: [100, 100] });
  assert.deepEqual([edges()[0]?.sessions, edges()[0]?.bytes], [1, [100, 100]]);
  assert.deepEqual(
    told.map((flow) => [flow.id, flow.parent, traffic.isLeg(flow)]),
    [
      ['instance-1', null, false],
      ['instance-2', 'instance-1', true],
    ],
  );
  take({ id: 3, parent: 1, dport: 20, bytes: [1, 1] });
  assert.equal(edges().length, 2, 'a related flow counts for itself');
});

test('silent edges leave the live graph, those with an open session stay', () => {
  const { take, traffic, clock, edges } = setUp();
  take({ id: 1, layers: [1], end: 1 }, { id: 2, layers: [5] });
  clock.advance(700_000);
  traffic.expire();
  assert.deepEqual(
    edges().map((edge) => edge.app),
    ['dns'],
  );
});

test('groups join nodes and edges', () => {
  const { take, traffic, edges } = setUp();
  take(
    { id: 1, layers: [1] },
    { id: 2, src: [10, 0, 0, 9], layers: [1] },
    { id: 3, src: [10, 0, 0, 8], layers: [1] },
  );
  const nodes = endNodes(traffic.edges.values(), new Set(), (id) => traffic.edges.addressesOf(id));
  const input = { at: '', since: null, until: null, edges: edges(), nodes, groupOf: () => 'all' };
  assert.deepEqual(
    workloadGraph(input)
      .nodes.map((node) => node.id)
      .sort(),
    ['a', 'b', 'external'],
  );
  assert.deepEqual(nodes.find((node) => node.id === 'external')?.addresses, ['10.0.0.9', '10.0.0.8']);
  const grouped = groupGraph(input);
  assert.deepEqual(
    grouped.nodes.map((node) => [node.id, node.members?.length]),
    [['group:all', 3]],
  );
  assert.deepEqual(
    grouped.edges.map((edge) => [edge.sessions, edge.bytes]),
    [[3, [3000, 6000]]],
  );
});

test('batches beyond the bound are dropped whole and counted; the rest is worked off in slices', () => {
  const slices: number[] = [];
  const later: (() => void)[] = [];
  const queue = new BatchQueue<number>({
    recordsMax: 10,
    slice: 3,
    work: (records) => slices.push(records.length),
    defer: (next) => later.push(next),
  });
  queue.push([1, 2, 3, 4], 4);
  queue.push([5, 6, 7, 8], 4);
  queue.push([9, 10, 11, 12], 4);
  while (later.length) later.shift()?.();
  assert.deepEqual(slices, [3, 3, 2]);
  assert.equal(queue.dropped, 4);
});

/** Of the newest batch: rule, flows, packets and bytes. */
const sums = (gained: readonly RuleGain[][]) =>
  gained.at(-1)?.map(({ rule, flows, packets, bytes }) => [rule, flows, packets, bytes]);

test('a rule gains a flow when it begins to decide it, and what each record brings', () => {
  const { take, gained } = setUp();
  take(
    { id: 1, rule: 1 },
    { id: 2, rule: 2 },
    { id: 3 },
    { id: 4, rule: 1, packets: [1, 1], bytes: [10, 20] },
  );
  assert.deepEqual(sums(gained), [
    ['rule-1', 2, [11, 21], [1010, 2020]],
    ['rule-2', 1, [10, 20], [1000, 2000]],
  ]);
  const grown: Partial<RecordFields> = { packets: [12, 21], deltaPackets: [2, 1], deltaBytes: [200, 100] };
  take({ id: 1, rule: 1, lastMs: T0 + 5000, ...grown }, { id: 3, rule: 2, ...grown });
  assert.deepEqual(sums(gained), [
    ['rule-1', 0, [2, 1], [200, 100]],
    ['rule-2', 1, [2, 1], [200, 100]],
  ]);
  assert.equal(gained.at(-1)?.[0]?.last, T0 + 5000);
});

test('of a rule gains nothing: what nobody decided, what is silent, what was counted before a restart', () => {
  const { take, gained } = setUp();
  const silent = {
    packets: [12, 21],
    deltaPackets: [0, 0],
    deltaBytes: [0, 0],
  } satisfies Partial<RecordFields>;
  take({ id: 1, rule: 1 });
  take({ id: 1, rule: 1, end: 3, ...silent }, { id: 2 }, { id: 3, rule: 100 });
  assert.deepEqual(sums(gained), []);
  take({ id: 9, rule: 1, packets: [500, 500], deltaPackets: [1, 0], deltaBytes: [60, 0] });
  assert.deepEqual(sums(gained), [['rule-1', 0, [1, 0], [60, 0]]]);
});

test('a further leg of a flow counts only where another rule decides it', () => {
  const { take, gained } = setUp();
  take({ id: 1, rule: 1 });
  take({ id: 2, parent: 1, segment: 2, rule: 1 });
  assert.deepEqual(sums(gained), []);
  take({ id: 3, parent: 1, segment: 3, rule: 2 });
  assert.deepEqual(sums(gained), [['rule-2', 1, [10, 20], [1000, 2000]]]);
});
