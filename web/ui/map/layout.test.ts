import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Graph, GraphEdge } from '../../../hostd/api/schema.ts';
import { testEdge, testGraph, testNode } from '../../domain/test-graph.ts';
import { Layout } from './layout.ts';
import type { MapEdge, MapNode } from './messages.ts';
import { drawingOf, ratesOf, renewed, sameGraph, sameStructure } from './structure.ts';

const node = (id: string, network: string | null = null): MapNode => ({
  id,
  name: id,
  kind: 'vm',
  state: 'running',
  network,
  threat: null,
});
const edge = (from: number, to: number): MapEdge => ({
  id: `${from}>${to}`,
  from,
  to,
  app: 'http',
  label: 'http 80',
  quiet: false,
  place: 0,
  threat: null,
});
const placesOf = (layout: Layout) => layout.spots.map(({ x, y }) => [x, y]);

test('the same graph is laid out the same way, with nobody on top of another', () => {
  const run = () => {
    const layout = new Layout({});
    layout.set([node('a'), node('b'), node('c'), node('d')], [edge(0, 1), edge(1, 2), edge(0, 3)]);
    layout.settle(2000);
    return layout;
  };
  const layout = run();
  assert.deepEqual(placesOf(layout), placesOf(run()));
  for (const a of layout.spots)
    for (const b of layout.spots) if (a !== b) assert.ok(Math.hypot(a.x - b.x, a.y - b.y) > a.r + b.r);
});

test('whoever has a place keeps it when others come and go', () => {
  const layout = new Layout({});
  layout.set([node('a'), node('b')], [edge(0, 1)]);
  layout.settle(2000);
  const before = placesOf(layout);
  assert.ok(layout.set([node('a'), node('b'), node('c')], [edge(0, 1), edge(1, 2)]));
  layout.settle(2000);
  assert.deepEqual(placesOf(layout).slice(0, 2), before);
  assert.ok(!layout.set([node('a'), node('b'), node('c')], [edge(0, 1)]));
  assert.ok(!layout.moving);
});

test('remembered places are taken, and drags remembered', () => {
  const layout = new Layout({ a: [10, 20] });
  layout.set([node('a')], []);
  layout.settle(500);
  assert.deepEqual(placesOf(layout), [[10, 20]]);
  const [spot] = layout.spots;
  assert.ok(spot);
  layout.move(spot, -5.4, 7);
  assert.deepEqual(layout.places().a, [-5, 7]);
});

test('members of a network lie together', () => {
  const layout = new Layout({});
  const nodes = [...'abc'].map((id) => node(id, 'red')).concat([...'xyz'].map((id) => node(id, 'blue')));
  layout.set(nodes, [edge(0, 3), edge(1, 4), edge(2, 5)]);
  layout.settle(2000);
  const centre = (from: number) =>
    layout.spots.slice(from, from + 3).reduce((sum, spot) => sum + spot.x / 3, 0);
  const middle = (from: number) =>
    layout.spots.slice(from, from + 3).reduce((sum, spot) => sum + spot.y / 3, 0);
  const apart = Math.hypot(centre(0) - centre(3), middle(0) - middle(3));
  for (const spot of layout.spots.slice(0, 3))
    assert.ok(Math.hypot(spot.x - centre(0), spot.y - middle(0)) < apart);
});

const graph = (app: string | null, rate: [number, number]): Graph =>
  testGraph(
    [testNode('a')],
    ['a', 'ghost'].map((to) => testEdge({ from: 'a', to, app, port: 5432, bytes: [3600, 7200], rate })),
  );

test('an edge to nobody is not drawn, and rates stay in step with edges', () => {
  const it = graph('redis', [5, 6]);
  const { structure, strands } = drawingOf(it, []);
  assert.deepEqual(
    structure.edges.map(({ from, to, label }) => [from, to, label]),
    [[0, 0, 'redis 5432']],
  );
  assert.deepEqual([...ratesOf(it, strands, true).toServer], [5]);
  const later = graph('redis', [50, 60]);
  assert.deepEqual([...ratesOf(later, renewed(strands, it, later), true).toServer], [50]);
  const past = { ...it, since: '2026-01-01T00:00:00Z', until: '2026-01-01T01:00:00Z' };
  assert.deepEqual([...ratesOf(past, strands, true).toClient], [2]);
  assert.ok(!ratesOf(past, strands, true).flowing);
});

test('all ICMP of two nodes is one line, and so is a port scan; a few ports are not', () => {
  const base = graph('redis', [1, 2]).edges[0];
  assert.ok(base);
  const ports = (count: number, proto: string) =>
    Array.from({ length: count }, (_, i) => ({ ...base, id: `${proto}${i}`, proto, port: (i + 1) * 256 }));
  const drawn = (edges: GraphEdge[]) =>
    drawingOf({ ...graph(null, [0, 0]), edges }, []).structure.edges.map(({ label }) => label);
  assert.deepEqual(drawn(ports(2, 'ipv6-icmp')), ['redis']);
  assert.deepEqual(drawn(ports(40, 'tcp')), ['redis 40 ports']);
  assert.equal(drawn(ports(3, 'tcp')).length, 3);
});

test('new rates are no new structure, a new application is', () => {
  assert.ok(sameGraph(graph('redis', [1, 1]), graph('redis', [9, 9])));
  assert.ok(!sameGraph(graph(null, [1, 1]), graph('redis', [1, 1])));
});

test('an open threat is structure, and a strand has the worst of its edges', () => {
  const edges = [1, 2, 3, 4].map((port) => testEdge({ from: 'a', to: 'b', port, id: `e${port}` }));
  const graph = testGraph([testNode('a'), testNode('b')], edges);
  const [first, second, ...rest] = edges;
  const attacked = {
    ...graph,
    nodes: graph.nodes.map((one) => ({ ...one, threats: { open: 1, worst: 'low' as const } })),
    edges: [
      { ...(first as GraphEdge), threats: { open: 1, worst: 'medium' as const } },
      { ...(second as GraphEdge), threats: { open: 1, worst: 'critical' as const } },
      ...rest,
    ],
  };
  assert.ok(!sameGraph(graph, attacked));
  const { structure } = drawingOf(attacked, []);
  assert.deepEqual(
    [structure.nodes.map(({ threat }) => threat), structure.edges.map(({ threat }) => threat)],
    [['low', 'low'], ['critical']],
  );
  assert.ok(!sameStructure(drawingOf(graph, []).structure, structure));
});
