// Rows of a past window → edges and their ends. Pure.
import type { GraphEdge, GraphNode } from '../api/schema.ts';
import type { AggregateRow } from './day-file.ts';
import type { WindowRows } from './store.ts';

/** Rates are averages over the whole window. */
export function pastGraph(rows: WindowRows, window_ms: number): { edges: GraphEdge[]; nodes: GraphNode[] } {
  const edges = new Map<string, GraphEdge>();
  const nodes = new Map<string, GraphNode>();
  for (const row of rows.sessions) {
    addNode(nodes, row, 'from');
    addNode(nodes, row, 'to');
    addSessions(edges, row);
  }
  for (const row of rows.totals) addTotals(edges, row);
  for (const edge of edges.values()) edge.rate = averageRate(edge.bytes, window_ms);
  return { edges: [...edges.values()], nodes: [...nodes.values()] };
}

const text = (row: AggregateRow, column: string): string => String(row[column] ?? '');
const number = (row: AggregateRow, column: string): number => Number(row[column] ?? 0);
const nodeOf = (row: AggregateRow, end: 'from' | 'to'): string => {
  const [kind, id] = [text(row, `${end}_kind`), text(row, `${end}_id`)];
  return kind === 'vm' || kind === id ? id : `${kind}:${id}`;
};

const edgeIdOf = (row: AggregateRow): string =>
  `${nodeOf(row, 'from')}>${nodeOf(row, 'to')}/${text(row, 'proto')}/${number(row, 'port')}/${text(row, 'app')}`;

function addNode(nodes: Map<string, GraphNode>, row: AggregateRow, end: 'from' | 'to'): void {
  const id = nodeOf(row, end);
  const kind = text(row, `${end}_kind`) as GraphNode['kind'];
  if (!nodes.has(id)) nodes.set(id, { id, kind, name: text(row, `${end}_name`), addresses: [] });
}

/** A day more of an edge. */
function addSessions(edges: Map<string, GraphEdge>, row: AggregateRow): void {
  const edge = edges.get(edgeIdOf(row)) ?? emptyEdge(row);
  const confidence = text(row, 'confidence');
  edge.sessions += number(row, 'sessions');
  edge.open += number(row, 'open');
  edge.violations += number(row, 'violations');
  if (confidence === 'sure' || (confidence === 'guess' && edge.confidence === null))
    edge.confidence = confidence;
  edge.first = [edge.first, timeOf(row, 'first')].sort()[0] ?? edge.first;
  edge.last = [edge.last, timeOf(row, 'last')].sort()[1] ?? edge.last;
  edges.set(edge.id, edge);
}

const timeOf = (row: AggregateRow, column: string): string => new Date(number(row, column)).toISOString();

const emptyEdge = (row: AggregateRow): GraphEdge => ({
  id: edgeIdOf(row),
  from: nodeOf(row, 'from'),
  to: nodeOf(row, 'to'),
  app: text(row, 'app') || null,
  confidence: null,
  proto: text(row, 'proto'),
  port: number(row, 'port'),
  sessions: 0,
  open: 0,
  packets: [0, 0],
  bytes: [0, 0],
  rate: [0, 0],
  first: timeOf(row, 'first'),
  last: timeOf(row, 'last'),
  violations: 0,
});

/** Minutes whose flow was recognised later hold what the later edge got; sums may not fall below nothing. */
function addTotals(edges: Map<string, GraphEdge>, row: AggregateRow): void {
  const edge = edges.get(edgeIdOf(row));
  if (!edge) return;
  edge.packets = [
    Math.max(0, edge.packets[0] + number(row, 'packets_out')),
    Math.max(0, edge.packets[1] + number(row, 'packets_in')),
  ];
  edge.bytes = [
    Math.max(0, edge.bytes[0] + number(row, 'bytes_out')),
    Math.max(0, edge.bytes[1] + number(row, 'bytes_in')),
  ];
}

const averageRate = (bytes: [number, number], window_ms: number): [number, number] => {
  const seconds = Math.max(1, window_ms / 1000);
  return [Math.round(bytes[0] / seconds), Math.round(bytes[1] / seconds)];
};
