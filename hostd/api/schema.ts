// The shapes that the REST API speaks: one zod definition is the runtime check, the static type and the
// OpenAPI document. The web pages import the types and nothing else of hostd.
import { z } from 'zod';

export const Time = z.iso.datetime().describe('RFC 3339, UTC');
const Pair = z.tuple([z.number(), z.number()]).describe('[to server, to client]');

export const WorkloadRef = z.object({
  kind: z.enum(['vm', 'host', 'network', 'multicast', 'broadcast', 'external']),
  id: z.string().describe("vm: its UUID; host: 'host'; network: its name; else the kind"),
  name: z.string(),
  nic: z.string().optional().describe('tap of the NIC, where the end is one'),
  why: z.string().describe('how the address was resolved'),
});
export type WorkloadRef = z.infer<typeof WorkloadRef>;

export const Flow = z.object({
  type: z.literal('flow'),
  id: z.string(),
  parent: z.string().nullable(),
  segment: z.string(),
  proto: z.string().describe("IANA's keyword in lower case"),
  src: z.string().describe('the client'),
  sport: z.number().int(),
  dst: z.string(),
  dport: z.number().int(),
  direction: z.enum(['seen', 'inferred']),
  app: z.string().optional().describe('layers from the outside in, joined by /; absent when unknown'),
  confidence: z.enum(['sure', 'guess']).optional(),
  tunnel: z.array(z.object({ kind: z.string(), id: z.number().int() })),
  vlan: z.array(z.number().int()).optional(),
  pickedUp: z.boolean().optional().describe('older than the tap: its first packets were not seen'),
  packets: Pair,
  bytes: Pair,
  retransmissions: Pair.optional().describe('TCP segments that repeated data'),
  first: Time,
  last: Time,
  end: z.enum(['fin', 'rst', 'timeout', 'eof', 'evicted']).nullable(),
  from: WorkloadRef.optional(),
  to: WorkloadRef.optional(),
  verdict: z.enum(['allow', 'deny']).optional(),
  violation: z.boolean().optional(),
  enforced: z.enum(['passed', 'dropped', 'reset']).optional(),
  decidedBy: z.enum(['rule', 'mode', 'failPolicy', 'panic']).optional(),
  rule: z.string().nullable().optional(),
  via: z.string().nullable().optional(),
  facts: z.record(z.string(), z.string()).optional(),
  threats: z.array(z.string()),
  anomalies: z.array(z.string()),
});
export type Flow = z.infer<typeof Flow>;

export const Severity = z.enum(['low', 'medium', 'high', 'critical']);
export type Severity = z.infer<typeof Severity>;

export const EventSeverity = z.enum(['info', ...Severity.options]);
export type EventSeverity = z.infer<typeof EventSeverity>;

/** Whom or what an event is about. */
export const EventSubject = z.object({
  kind: z.enum([
    'vm',
    'nic',
    'group',
    'threat',
    'flow',
    'policy',
    'rule',
    'process',
    'destination',
    'export',
  ]),
  id: z.string(),
  name: z.string(),
});
export type EventSubject = z.infer<typeof EventSubject>;

/** Something happened that an operator may want to be told. */
export const EventRecord = z.object({
  id: z.string().describe('later events have greater ones; a delivery that is repeated bears the same'),
  kind: z.string().describe('a name of GET /event-kinds'),
  severity: EventSeverity,
  at: Time,
  subjects: z.array(EventSubject),
  text: z.string().describe('one sentence; may hold names that guests chose'),
  data: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
    .describe('what the kind says beside the text'),
});
export type EventRecord = z.infer<typeof EventRecord>;

export const EventKindInfo = z.object({
  name: z.string(),
  severity: EventSeverity.describe('of most events of this kind'),
  means: z.string(),
});
export type EventKindInfo = z.infer<typeof EventKindInfo>;

/** A place that events are delivered to. */
export const EventDestination = z.object({
  id: z.string().describe('`webhook:NAME` or `syslog:NAME`'),
  target: z.string().describe('where that is, without what may be a secret'),
  waiting: z.number().int(),
  delivered: z.number().int().describe('since vmoat-hostd started, as are the others'),
  dropped: z.number().int().describe('found no room, or did not arrive within a day'),
  refused: z.number().int().describe('the destination will never take them'),
  failing: z
    .object({ since: Time, reason: z.string(), attempts: z.number().int() })
    .nullable()
    .describe('null: the last one arrived'),
});
export type EventDestination = z.infer<typeof EventDestination>;

/** Somebody has seen to it. */
export const Acknowledgement = z.object({
  at: Time,
  by: z.string().describe('who, as far as it is known'),
  note: z.string(),
});
export type Acknowledgement = z.infer<typeof Acknowledgement>;

/** One incident: a threat between two ends at one NIC, until it is silent for a minute. */
export const Threat = z.object({
  id: z.string(),
  name: z.string().describe('which threat: a name of GET /threat-kinds'),
  severity: Severity,
  action: z.enum(['alert', 'deny']).describe('what protect would do'),
  first: Time,
  last: Time,
  count: z.number().describe('times it was seen'),
  segment: z.string(),
  proto: z.string().describe("IANA's keyword in lower case, `ethernet` where it is not IP"),
  src: z.string().nullable().describe('who did it; null where it is not IP'),
  sport: z.number().int(),
  dst: z.string().nullable(),
  dport: z.number().int(),
  from: WorkloadRef.optional().describe('who src is; absent where nothing says it'),
  to: WorkloadRef.optional(),
  nic: z.string().nullable().describe('tap of the NIC where it was seen'),
  sender: z.enum(['guest', 'network']).describe("guest: the NIC's VM did it; network: it was done to the VM"),
  source: z.string().describe('what incidents of a name are grouped by: UUID of a VM, an address or a NIC'),
  flow: z.string().nullable().describe('the flow where it was seen last'),
  evidence: z.string().describe('the proof; may hold anything the peer sent'),
  acknowledged: Acknowledgement.nullable(),
});
export type Threat = z.infer<typeof Threat>;

const ViolationEnd = z.object({
  kind: WorkloadRef.shape.kind,
  id: WorkloadRef.shape.id,
  name: z.string(),
  address: z.string().describe('of one of the flows'),
});

/** Flows that no rule allows, or that one denies, between two ends on one service. */
export const Violation = z.object({
  id: z.string(),
  from: ViolationEnd.describe('the client'),
  to: ViolationEnd.describe('the server'),
  app: z.string().nullable(),
  proto: z.string(),
  port: z.number().int(),
  verdict: z.enum(['allow', 'deny']),
  decidedBy: z.enum(['rule', 'mode']).describe('mode: no rule speaks of it'),
  rule: z.string().nullable(),
  flows: z.number().int(),
  first: Time,
  last: Time,
  example: z.string().describe('id of one of the flows'),
  acknowledged: Acknowledgement.nullable(),
});
export type Violation = z.infer<typeof Violation>;

export const ViolationSource = z.object({
  from: ViolationEnd,
  violations: z.number().int().describe('different ones, at least'),
});
export type ViolationSource = z.infer<typeof ViolationSource>;

export const Violations = z.object({
  items: z.array(Violation).describe('the latest first'),
  sources: z.array(ViolationSource).describe('those that have more than are listed of each'),
});
export type Violations = z.infer<typeof Violations>;

/** Incidents of one threat by one source. */
export const ThreatGroup = z.object({
  name: z.string(),
  severity: Severity,
  source: z.string(),
  incidents: z.number().int(),
  open: z.number().int().describe('incidents that nobody has acknowledged'),
  targets: z.number().int().describe('different addresses it was done to'),
  count: z.number().describe('times it was seen, of all incidents'),
  first: Time,
  last: Time,
  newest: Threat.describe('the incident that was seen last'),
});
export type ThreatGroup = z.infer<typeof ThreatGroup>;

/** What a threat is, as vmoat-dp says. */
export const ThreatKind = z.object({
  name: z.string(),
  severity: Severity,
  action: Threat.shape.action,
  means: z.string(),
  evidence: z.string().describe('what is shown as proof'),
  live: z.string().describe('what is seen of it at a NIC, and what bounds that'),
  offline: z.string().describe('what is seen of it in a capture file'),
  thresholds: z.array(
    z.object({
      name: z.string().describe('its key in the configuration file, below the name of the threat'),
      unit: z.string(),
      standard: z.number(),
      least: z.number(),
      most: z.number(),
      means: z.string(),
    }),
  ),
});
export type ThreatKind = z.infer<typeof ThreatKind>;

/** Open incidents that a node or an edge of the graph takes part in. */
const ThreatMark = z.object({ open: z.number().int(), worst: Severity });
export type ThreatMark = z.infer<typeof ThreatMark>;

export const Nic = z.object({
  id: z.string().describe('UUID of the workload + / + MAC'),
  workload: z.string(),
  workloadName: z.string(),
  mac: z.string(),
  tap: z.string().nullable(),
  source: z.enum(['network', 'bridge', 'direct', 'ovs', 'ethernet', 'user', 'hostdev', 'vhostuser', 'other']),
  network: z.string().nullable(),
  portGroup: z.string().nullable(),
  vlans: z.array(z.number().int()),
  model: z.string().nullable(),
  linkUp: z.boolean(),
  bandwidth: z.boolean(),
  addresses: z.array(
    z.object({ address: z.string(), source: z.enum(['configured', 'dhcp', 'arp', 'ndp', 'traffic']) }),
  ),
  segment: z.string().nullable(),
  hook: z.enum(['tcx', 'clsact', 'none']),
  reason: z.string().describe('why it is not tapped, or what is less than usual; empty when all is well'),
  packets: z.tuple([z.number(), z.number()]).describe('[from NIC, to NIC]'),
  bytes: z.tuple([z.number(), z.number()]),
  lost: z.number().int(),
});
export type Nic = z.infer<typeof Nic>;

/** DNS told a NIC's guest that a name has an address: its question and the answer were seen. */
export const LearnedName = z.object({
  name: z.string().describe('in lower case: letters, digits, hyphens, underscores and dots'),
  address: z.string(),
  nic: z.string().nullable().describe('tap of the NIC that asked'),
  workload: z.string().nullable().describe('UUID of its VM'),
  workloadName: z.string().nullable(),
  segment: z.string(),
  server: z.string().describe('who answered'),
  ttl: z.number().int().describe('seconds; at least 60, at most a day'),
  first: Time.describe('when it was learned'),
  seen: Time.describe('when it was told last, to half a minute'),
  until: Time.describe('it counts until then: the TTL and half a minute'),
});
export type LearnedName = z.infer<typeof LearnedName>;
export const Mode = z.enum(['learn', 'monitor', 'protect']);
export type Mode = z.infer<typeof Mode>;

export const Workload = z.object({
  id: z.string().describe('libvirt UUID'),
  name: z.string(),
  title: z.string().nullable(),
  state: z.enum(['running', 'paused', 'shutoff', 'crashed', 'migrating', 'suspended']),
  os: z.string().nullable(),
  tags: z.array(z.string()),
  mode: Mode.describe('the effective one'),
  modeFrom: z.string().nullable().describe('the group that gives the mode; null: it is the default'),
  groups: z.array(z.string()).describe('of the policy, the automatic one last'),
  persistent: z.boolean(),
  nics: z.array(Nic),
});
export type Workload = z.infer<typeof Workload>;

export const GraphNode = z.object({
  id: z.string(),
  kind: WorkloadRef.shape.kind.or(z.literal('group')),
  name: z.string(),
  members: z.array(z.string()).optional(),
  state: Workload.shape.state.optional(),
  addresses: z.array(z.string()),
  mode: Mode.optional().describe('of a group the strictest of its members; absent: it bears none'),
  threats: ThreatMark.optional().describe('absent: none'),
});
export type GraphNode = z.infer<typeof GraphNode>;

export const GraphEdge = z.object({
  id: z.string(),
  from: z.string().describe('node id of the client'),
  to: z.string().describe('node id of the server'),
  app: z.string().nullable(),
  confidence: z.enum(['sure', 'guess']).nullable(),
  proto: z.string(),
  port: z.number().int(),
  sessions: z.number().int(),
  open: z.number().int(),
  packets: Pair,
  bytes: Pair,
  rate: Pair.describe('bytes a second over the last 5 s'),
  first: Time,
  last: Time,
  violations: z.number().int(),
  modes: z
    .tuple([Mode.nullable(), Mode.nullable()])
    .optional()
    .describe('of client and server; null: bears none'),
  threats: ThreatMark.optional().describe('absent: none'),
});
export type GraphEdge = z.infer<typeof GraphEdge>;

export const Graph = z.object({
  at: Time,
  level: z.enum(['vm', 'group']),
  since: Time.nullable().describe('null: what is live now'),
  until: Time.nullable(),
  nodes: z.array(GraphNode),
  edges: z.array(GraphEdge),
});
export type Graph = z.infer<typeof Graph>;

const Use = z.object({ pid: z.number().int(), cpuPercent: z.number(), residentBytes: z.number() });
export const Status = z.object({
  version: z.string(),
  at: Time,
  libvirt: z.object({
    state: z.enum(['connected', 'reconnecting', 'unavailable']),
    since: Time,
    reason: z.string(),
    domains: z.number().int(),
    reconnects: z.number().int(),
  }),
  dataplane: z.object({
    state: z.enum(['connected', 'reconnecting']),
    since: Time,
    reason: z.string(),
    version: z.string().nullable(),
    instance: z.string().nullable(),
    reconnects: z.number().int(),
    use: Use.nullable(),
    fallback: z
      .object({ library: z.string(), reason: z.string().describe('why it is not used; empty where it is') })
      .nullable()
      .describe('whose library names what vmoat does not know; null: nobody’s'),
    workers: z.array(z.object({ worker: z.number().int(), events: z.number(), heartbeatAgeMs: z.number() })),
    flows: z
      .object({
        kernel: z.number(),
        kernelMax: z.number(),
        sessions: z.number(),
        sessionsMax: z.number(),
        pickedUp: z.number(),
      })
      .nullable(),
  }),
  policy: z.object({
    version: z.int().nullable().describe('that is live; null: none was applied'),
    rules: z.int(),
    learned: z.int().describe('rules that groups in learn have taught'),
    generation: z.int().describe('of the tables that follow from it'),
    inForce: z.int().nullable().describe('generation that vmoat-dp judges by; null: none, or not connected'),
    compileMs: z.number().nullable(),
    refused: z.string().nullable().describe('why vmoat-dp does not take the newest tables'),
    confirmBy: Time.nullable().describe('when the version is rolled back unless it is confirmed'),
  }),
  hostd: z.object({ use: Use, since: Time, historyRows: z.number().int(), historyBytes: z.number().int() }),
  nics: z.object({
    tapped: z.number().int(),
    untapped: z.number().int(),
    byHook: z.record(z.string(), z.number().int()),
  }),
  workloads: z.object({ total: z.number().int(), running: z.number().int() }),
  threats: z
    .object({
      low: z.number().int(),
      medium: z.number().int(),
      high: z.number().int(),
      critical: z.number().int(),
    })
    .describe('incidents that nobody has acknowledged'),
  lost: z.record(z.string(), z.number()).describe('by cause, since dp or hostd started'),
  anomalies: z.record(z.string(), z.number()),
});
export type Status = z.infer<typeof Status>;

export const Page = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), next: z.string().nullable().describe('cursor of the next page') });

export const Problem = z.object({
  code: z.string(),
  message: z.string(),
  field: z.string().optional(),
  hint: z.string().optional(),
});
export type Problem = z.infer<typeof Problem>;

/** What the live stream sends: SSE events named by `kind`. */
export const StreamEvent = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('flows'), flows: z.array(Flow) }),
  z.object({ kind: z.literal('graph'), graph: Graph }),
  z.object({ kind: z.literal('status'), status: Status }),
  z.object({ kind: z.literal('workloads'), workloads: z.array(Workload) }),
  z.object({ kind: z.literal('threats'), threats: z.array(Threat) }),
  z.object({ kind: z.literal('events'), events: z.array(EventRecord) }),
  z.object({
    kind: z.literal('dropped'),
    flows: z
      .number()
      .int()
      .describe('flows left out since the last event because the client reads too slowly'),
    threats: z.number().int().describe('and incidents'),
    events: z.number().int().describe('and events'),
  }),
]);
export type StreamEvent = z.infer<typeof StreamEvent>;

/** What somebody may: each more than the one before. */
export const Role = z.enum(['viewer', 'operator', 'admin']);
export type Role = z.infer<typeof Role>;

/** A token of the API; what it is made of is shown once, when it is made. */
export const ApiToken = z.object({
  id: z.string(),
  name: z.string(),
  role: Role,
  scopes: z.array(z.string()).nullable().describe('null: everything that the role may'),
  created: Time,
  by: z.string().describe('who made it'),
  expires: Time,
  lastUsed: Time.nullable().describe('to the hour'),
});
export type ApiToken = z.infer<typeof ApiToken>;

export const NewToken = z.object({
  token: ApiToken,
  secret: z.string().describe('for `Authorization: Bearer …`; it is shown this once'),
});
export type NewToken = z.infer<typeof NewToken>;

/** Somebody changed something, or was not let. */
export const AuditEntry = z.object({
  id: z.string(),
  at: Time,
  user: z.string().describe('who, as far as it is known'),
  role: Role.nullable().describe('null: nobody that we know'),
  from: z.string().describe('`admin.sock`, `api.sock`, or the address of the client and how it signed in'),
  action: z.string().describe('method and path, such as `POST /threats/{id}/acknowledge`'),
  target: z.string().nullable().describe('the path’s id'),
  result: z.enum(['done', 'refused', 'failed']),
  code: z.string().nullable().describe('why it was refused or failed'),
  before: z.string().nullable(),
  after: z.string().nullable(),
});
export type AuditEntry = z.infer<typeof AuditEntry>;

/** What became of a run of an export. */
export const ExportResult = z.object({
  at: Time.describe('when it began'),
  trigger: z.enum(['cron', 'request']),
  took_ms: z.number().int(),
  error: z.string().nullable().describe('null: it was written'),
  file: z.string().nullable(),
  bytes: z.number().int(),
  removed: z.array(z.string()).describe('older files that went'),
  unexpressed: z
    .array(z.object({ item: z.string(), why: z.string() }))
    .describe('what the format cannot express, rule by rule'),
});
export type ExportResult = z.infer<typeof ExportResult>;

/** An export of the policy in force. */
export const ExportJob = z.object({
  name: z.string(),
  cron: z.string(),
  timezone: z.string(),
  what: z.string(),
  format: z.string(),
  to: z.string(),
  keep: z.number().int(),
  running: z.boolean(),
  next: Time.nullable(),
  last: ExportResult.nullable(),
  missed: Time.nullable().describe('a run that was due while vmoat-hostd did not run'),
});
export type ExportJob = z.infer<typeof ExportJob>;

/** A browser's session. */
export const Session = z.object({
  role: Role,
  user: z.string().default('').describe('who asked for the secret, where that is known'),
  since: Time,
  expires: Time,
});
export type Session = z.infer<typeof Session>;

/** What the CLI needs to send a person to the web page; the secret works once. */
export const WebLogin = z.object({
  url: z.string().describe('address of the page, the secret in its fragment'),
  secret: z.string(),
  expires: Time,
  fingerprint: z.string().describe("SHA-256 of the server's certificate"),
});
export type WebLogin = z.infer<typeof WebLogin>;
