// What goes between the history and its thread.
import type { Receipt } from '../../dp/contract/protocol.ts';
import type { Acknowledgement, Threat } from '../api/schema.ts';
import type { Evidence } from '../base/evidence.ts';
import type { RuleCounts } from '../base/rule-count.ts';
import type { AggregateRow, EvidenceWindow, FlowPosition } from './day-file.ts';
import type { Delivered, EventPage, Outgoing, Pending } from './event-file.ts';
import type { EventFilter } from './event-filter.ts';
import type { FlowFilter } from './flow-filter.ts';
import type { Learned } from './learned-file.ts';
import type { ViolationRows } from './past-violations.ts';
import type { Row } from './rows.ts';
import type { RuleChanges } from './rule-file.ts';
import type { FlowPageRows, WindowRows } from './store.ts';
import type { ThreatRow } from './threat-file.ts';

/** What a thread is started with; `role` tells main.ts of a bundle what to run in it. */
export interface ThreadData {
  role: 'vmoat-history';
  folder: string;
  retentionDays: number;
}

export interface Requests {
  write: { ask: { flows: Row[]; edges: Row[]; receipt: Receipt | null }; answer: null };
  /** `gone`: ids that are no longer kept. */
  writeThreats: { ask: { rows: ThreatRow[]; gone: string[] }; answer: null };
  threats: { ask: null; answer: Threat[] };
  acknowledge: { ask: { ids: string[]; acknowledged: Acknowledgement | null }; answer: null };
  writeEvents: { ask: { outgoing: Outgoing[]; delivered: Delivered[] }; answer: null };
  events: { ask: { filter: EventFilter; position: FlowPosition | null; limit: number }; answer: EventPage };
  pending: { ask: null; answer: Pending[] };
  receipt: { ask: null; answer: Receipt | null };
  flows: { ask: { filter: FlowFilter; position: FlowPosition | null; limit: number }; answer: FlowPageRows };
  window: { ask: { since: number; until: number }; answer: WindowRows };
  evidence: { ask: EvidenceWindow; answer: AggregateRow[] };
  hours: { ask: { since: number; until: number }; answer: number[] };
  learned: { ask: null; answer: Learned };
  writeLearned: { ask: { changed: [string, Evidence][]; until: number }; answer: null };
  forgetLearned: { ask: { version: number; keys: string[]; kept: number }; answer: null };
  followLearned: { ask: { versions: number[] }; answer: boolean };
  rules: { ask: null; answer: RuleCounts & { receipt: Receipt | null } };
  writeRules: { ask: RuleChanges; answer: null };
  violations: { ask: { since: number; until: number; each: number }; answer: ViolationRows };
  mark: { ask: { ids: string[]; mark: Acknowledgement | null }; answer: null };
  endOthers: { ask: { prefix: string }; answer: null };
  stats: { ask: null; answer: { rows: number; bytes: number } };
  close: { ask: null; answer: null };
}
export type RequestKind = keyof Requests;

export type Request = { [K in RequestKind]: { id: number; kind: K; ask: Requests[K]['ask'] } }[RequestKind];

export type ThreadMessage =
  | { id: number; answer: unknown }
  | { id: number; error: string }
  | { event: 'setAside'; file: string; reason: string };
