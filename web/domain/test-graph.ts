// Graphs for tests: what a test does not say of an edge is as of any.
import type { Graph, GraphEdge, GraphNode } from '../../hostd/api/schema.ts';

export const testTime = '2026-01-01T00:00:00Z';

export const testEdge = (change: Partial<GraphEdge> & Pick<GraphEdge, 'from' | 'to'>): GraphEdge => ({
  id: `${change.from}>${change.to}/tcp/80/${change.app ?? null}`,
  app: null,
  confidence: change.app ? 'sure' : null,
  proto: 'tcp',
  port: 80,
  sessions: 1,
  open: 1,
  packets: [1, 1],
  bytes: [10, 20],
  rate: [0, 0],
  first: testTime,
  last: testTime,
  violations: 0,
  ...change,
});

export const testNode = (id: string, addresses: string[] = []): GraphNode => ({
  id,
  kind: 'vm',
  name: `vm-${id}`,
  addresses,
});

export const testGraph = (nodes: GraphNode[], edges: GraphEdge[], at = testTime): Graph => ({
  at,
  level: 'vm',
  since: null,
  until: null,
  nodes,
  edges,
});
