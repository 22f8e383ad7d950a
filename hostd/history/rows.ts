// Flows and edges as rows of the history, in the order of their columns.
import type { Flow } from '../api/schema.ts';
import { type GroupOf, groupsOf, wordsOf } from './flow-filter.ts';

export const FLOW_COLUMNS = [
  'id',
  'first',
  'last',
  'ended',
  'from_kind',
  'from_id',
  'from_name',
  'from_group',
  'to_kind',
  'to_id',
  'to_name',
  'to_group',
  'src',
  'dst',
  'proto',
  'dport',
  'app',
  'confidence',
  'verdict',
  'violation',
  'decided_by',
  'rule',
  'leg',
  'related',
  'inferred',
  'flagged',
  'words',
  'json',
] as const;

export type Cell = string | number | null;
export type Row = Cell[];

/** A flow for the worker; times in ms since the epoch; `isLeg`: another flow stands for it in totals. */
export function flowRow(flow: Flow, groupOf: GroupOf, isLeg: boolean): Row {
  const [fromGroup, toGroup] = groupsOf(flow, groupOf);
  return [
    flow.id,
    Date.parse(flow.first),
    Date.parse(flow.last),
    flow.end === null ? 0 : 1,
    flow.from?.kind ?? null,
    flow.from?.id ?? null,
    flow.from?.name ?? null,
    fromGroup ?? null,
    flow.to?.kind ?? null,
    flow.to?.id ?? null,
    flow.to?.name ?? null,
    toGroup ?? null,
    flow.src,
    flow.dst,
    flow.proto,
    flow.dport,
    flow.app ?? null,
    flow.confidence ?? null,
    flow.verdict ?? null,
    flow.violation ? 1 : 0,
    flow.decidedBy ?? null,
    flow.rule ?? null,
    isLeg ? 1 : 0,
    flow.parent !== null && flow.tunnel.length === 0 ? 1 : 0,
    flow.direction === 'inferred' ? 1 : 0,
    flow.threats.length > 0 ? 1 : 0,
    wordsOf(flow),
    JSON.stringify(flow),
  ];
}

/** An edge in one minute; what makes it this edge, then what it gained. */
export interface EdgeMinute {
  /** Start of the minute, ms since the epoch. */
  minute: number;
  fromKind: string;
  fromId: string;
  fromName: string;
  toKind: string;
  toId: string;
  toName: string;
  app: string | null;
  proto: string;
  port: number;
  packets: [number, number];
  bytes: [number, number];
}

export const edgeRow = (edge: EdgeMinute): Row => [
  edge.minute,
  edge.fromKind,
  edge.fromId,
  edge.toKind,
  edge.toId,
  edge.app ?? '',
  edge.proto,
  edge.port,
  ...edge.packets,
  ...edge.bytes,
];
