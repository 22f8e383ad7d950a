// What the API needs of the rest of hostd; main.ts composes it, tests bring their own.
import type { AuditLog } from '../access/audit-log.ts';
import type { Tokens } from '../access/tokens.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { FlowPosition } from '../history/day-file.ts';
import type { EventPage } from '../history/event-file.ts';
import type { EventFilter } from '../history/event-filter.ts';
import type { EndFilter, FlowFilter, GroupOf } from '../history/flow-filter.ts';
import type { FlowPage } from '../history/history.ts';
import type { PastViolations } from '../history/past-violations.ts';
import type { Names } from '../names/names.ts';
import type { Advisor } from '../policy/advice/advisor.ts';
import type { RuleCounters } from '../policy/counters/rule-counters.ts';
import type { Unused } from '../policy/counters/unused.ts';
import type { Learner } from '../policy/learn/learner.ts';
import type { Policy } from '../policy/policy.ts';
import type { ThreatFilter } from '../threats/threat-filter.ts';
import type { Threats } from '../threats/threats.ts';
import type { Caller } from './caller.ts';
import type {
  Acknowledgement,
  EventDestination,
  EventKindInfo,
  EventRecord,
  ExportJob,
  ExportResult,
  Flow,
  Graph,
  Nic,
  Status,
  Threat,
  WebLogin,
  Workload,
} from './schema.ts';
import type { Sessions } from './sessions.ts';

export type Level = Graph['level'];

/** What is written where, as hostd/export does it. */
export interface Exports {
  list(): ExportJob[];
  find(name: string): ExportJob | null;
  /** null where there is none; rejects with `export_running`. */
  run(name: string): Promise<ExportResult | null>;
}

export interface ApiSources {
  clock: Clock;
  log: Log;
  status(): Status;
  workloads(): Workload[];
  nics(): Nic[];
  /** What DNS taught. */
  names: Names['find'];
  liveGraph(level: Level): Graph;
  pastGraph(since: number, until: number, level: Level): Promise<Graph>;
  flows(filter: FlowFilter, position: FlowPosition | null, limit: number): Promise<FlowPage>;
  /** Those that have not ended. */
  openFlows(): Iterable<Flow>;
  /** A live flow, or the history's. */
  flow(id: string): Promise<Flow | null>;
  /** Who is meant by a UUID, the beginning of one, a name, a node id or an address; throws VmoatError. */
  endNamed(text: string, field: string): EndFilter;
  /** The incidents that are kept. */
  threats: Pick<Threats, 'kinds' | 'totals' | 'threat' | 'find' | 'groups' | 'acknowledge'>;
  threatPasses(threat: Threat, filter: ThreatFilter): boolean;
  violations(since: number, until: number, each: number): Promise<PastViolations>;
  /** Resolves when it is on disk; null takes it back. */
  markViolations(ids: string[], mark: Acknowledgement | null): Promise<void>;
  events(filter: EventFilter, position: FlowPosition | null, limit: number): Promise<EventPage>;
  eventKinds: readonly EventKindInfo[];
  destinations(): EventDestination[];
  /** Sends it an event; null where there is no such destination. */
  testDestination(id: string): EventRecord | null;
  groupOf: GroupOf;
  policy: Policy;
  advisor: Advisor;
  learner: Learner;
  counters: RuleCounters;
  unused: Unused;
  feed: LiveFeed;
  sessions: Sessions;
  tokens: Tokens;
  /** Every scope that a token can have. */
  scopes(): string[];
  audit: AuditLog;
  exports: Exports;
  /** Where the page is served, for `vmoat web-login`; throws `listen_failed` where it is not. */
  webLogin(caller: Caller): WebLogin;
  /** Of the page; null: it is not served. */
  pagePort(): number | null;
}

/** What happens, as it happens. */
export interface LiveFeed {
  on(event: 'flows', listener: (flows: Flow[]) => void): unknown;
  on(event: 'threats', listener: (threats: Threat[]) => void): unknown;
  on(event: 'events', listener: (events: EventRecord[]) => void): unknown;
  on(event: 'traffic' | 'workloads', listener: () => void): unknown;
}
