import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Flow, GraphEdge } from '../../hostd/api/schema.ts';
import { matches } from './flow-filter.ts';
import { legend } from './legend.ts';
import { edgeModeText } from './mode.ts';
import { noFilter } from './place.ts';
import { profile } from './profile.ts';
import { search } from './search.ts';
import { testEdge, testGraph, testNode, testTime } from './test-graph.ts';

const edge = (from: string, to: string, app: string | null, rate: [number, number]): GraphEdge =>
  testEdge({ from, to, app, rate, sessions: 3 });
const graph = testGraph(
  [testNode('a', ['10.0.0.1']), testNode('b'), testNode('c')],
  [edge('a', 'b', 'http', [100, 900]), edge('c', 'b', 'http', [1, 2]), edge('b', 'a', null, [5, 6])],
);

test('a profile counts both roles of a node', () => {
  const { serves, uses, sent, received, peers, open } = profile(graph, 'b');
  assert.equal(serves.length, 1);
  assert.equal(serves[0]?.peers, 2);
  assert.equal(serves[0]?.rate, 1003);
  assert.equal(uses[0]?.app, 'unknown');
  assert.equal(sent, 900 + 2 + 5);
  assert.equal(received, 100 + 1 + 6);
  assert.deepEqual([peers, open], [2, 3]);
});

test('of an edge the stricter mode of its ends is said, and each where they differ', () => {
  const nodes = (['learn', 'protect', 'learn', undefined] as const).map((mode, at) => ({
    ...testNode(`n${at}`),
    ...(mode && { mode }),
  }));
  const between = (from: number, to: number): string =>
    edgeModeText(nodes, { from: `n${from}`, to: `n${to}` });
  assert.deepEqual(
    [between(0, 2), between(0, 1), between(1, 3), between(3, 0), between(3, 3)],
    [
      'learn',
      'protect (client learn, server protect)',
      'protect (client protect, server none)',
      'learn (client none, server learn)',
      'none: neither end bears one',
    ],
  );
});

test('the legend names every application once, in a stable order', () => {
  assert.deepEqual(
    legend(graph).map(({ app, edges }) => [app, edges]),
    [
      ['http', 2],
      ['unknown', 1],
    ],
  );
});

test('search finds by name, address and served application', () => {
  assert.deepEqual(
    search(graph, 'VM-A').map((hit) => hit.node.id),
    ['a'],
  );
  assert.equal(search(graph, '10.0.0')[0]?.why, '10.0.0.1');
  assert.deepEqual(
    search(graph, 'http').map((hit) => hit.why),
    ['serves http'],
  );
  assert.deepEqual(search(graph, '  '), []);
});

const flow: Flow = {
  type: 'flow',
  id: '1',
  parent: null,
  segment: 'virbr0',
  proto: 'tcp',
  src: '10.0.0.1',
  sport: 40_000,
  dst: '10.0.0.2',
  dport: 443,
  direction: 'seen',
  app: 'tls/https',
  tunnel: [],
  packets: [1, 1],
  bytes: [1, 1],
  first: testTime,
  last: testTime,
  end: null,
  from: { kind: 'vm', id: 'u-1', name: 'web', why: '' },
  to: { kind: 'network', id: 'lan', name: 'lan', why: '' },
  verdict: 'allow',
  violation: true,
  facts: { sni: 'Shop.example' },
  threats: [],
  anomalies: [],
};

test('a live flow passes the filter as the server would have it', () => {
  const passes = (change: Partial<typeof noFilter>) => matches(flow, { ...noFilter, ...change });
  assert.ok(passes({}));
  for (const workload of ['u-1', 'web', '10.0.0.2', 'network:lan', 'lan'])
    assert.ok(passes({ workload }), workload);
  assert.ok(!passes({ workload: 'other' }));
  assert.ok(passes({ app: 'tls' }) && passes({ app: 'https' }) && !passes({ app: 'http' }));
  assert.ok(passes({ port: '443' }) && !passes({ port: '80' }));
  assert.ok(passes({ verdict: 'violation' }) && passes({ verdict: 'allow' }) && !passes({ verdict: 'deny' }));
  assert.ok(passes({ text: 'SHOP' }) && !passes({ text: 'nowhere' }));
});
