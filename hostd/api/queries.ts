// What the API takes in paths, queries and bodies.
import { z } from 'zod';
import { PORTS_WANTED } from '../policy/ports.ts';
import { MOMENT_PATTERN } from './moment.ts';
import { EventSeverity, Role, Severity } from './schema.ts';
import { isPort } from './services.ts';

const Moment = z
  .string()
  .max(40)
  .regex(MOMENT_PATTERN, 'must be RFC 3339, or how long ago: 90s, 15m, 2h, 7d')
  .describe('RFC 3339, or how long ago: 90s, 15m, 2h, 7d');
const End = z.string().min(1).max(255);

export const LIMIT_MAX = 1000;
export const LIMIT_DEFAULT = 100;

export const FlowFilterQuery = z.strictObject({
  since: Moment.optional().describe('only flows seen at or after this moment'),
  until: Moment.optional().describe('only flows that began at or before this moment'),
  workload: End.optional().describe('either end: UUID, its beginning, name, node id or address'),
  from: End.optional().describe('the client, named likewise'),
  to: End.optional().describe('the server, named likewise'),
  group: z.string().min(1).max(255).optional().describe('either end is in this group'),
  app: z.string().min(1).max(64).optional().describe('a layer of the application; `unknown`: not recognised'),
  proto: z.string().min(1).max(32).toLowerCase().optional().describe("IANA's keyword"),
  port: z
    .string()
    .max(32)
    .toLowerCase()
    .refine(isPort, `must be 0 to 65535, or as in a rule: ${PORTS_WANTED}`)
    .optional()
    .describe("the server's port, of ICMP the type; or as in a rule: tcp/443, icmp/8"),
  verdict: z.enum(['allow', 'deny', 'violation']).optional(),
  q: z
    .string()
    .min(1)
    .max(255)
    .toLowerCase()
    .optional()
    .describe('free text in names, addresses, application, facts, threats and anomalies'),
});
export type FlowFilterQuery = z.infer<typeof FlowFilterQuery>;

const Limit = z
  .string()
  .regex(/^\d{1,4}$/, `must be 1 to ${LIMIT_MAX}`)
  .transform(Number)
  .pipe(z.int().min(1, `must be 1 to ${LIMIT_MAX}`).max(LIMIT_MAX, `must be 1 to ${LIMIT_MAX}`))
  .optional()
  .describe(`items on a page, 1 to ${LIMIT_MAX}; ${LIMIT_DEFAULT} if not given`);
const PageQuery = {
  cursor: z.string().max(512).optional().describe('`next` of the page before'),
  limit: Limit,
};
export const FlowsQuery = FlowFilterQuery.extend(PageQuery);

export const NameFilterQuery = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(255)
    .toLowerCase()
    .optional()
    .describe('names like this: `*` stands for any characters, `?` for one'),
  address: z.union([z.ipv4(), z.ipv6()], 'must be an address').optional().describe('names of this address'),
  nic: z.string().min(1).max(64).optional().describe('tap of the NIC that asked'),
  workload: End.optional().describe('the VM that asked: UUID, its beginning, or name'),
});
export type NameFilterQuery = z.infer<typeof NameFilterQuery>;
export const NamesQuery = NameFilterQuery.extend(PageQuery);

const ThreatName = z.string().min(1).max(64).optional().describe('which threat: a name of /threat-kinds');
const LeastSeverity = Severity.optional().describe('this severe or worse');

export const ThreatFilterQuery = z.strictObject({
  since: Moment.optional().describe('only incidents seen at or after this moment'),
  until: Moment.optional().describe('only incidents that began at or before this moment'),
  workload: FlowFilterQuery.shape.workload,
  group: FlowFilterQuery.shape.group,
  name: ThreatName,
  severity: LeastSeverity,
  acknowledged: z.enum(['yes', 'no']).optional().describe('both if not given'),
  source: z.string().min(1).max(255).optional().describe('`source` of an incident or group'),
  flow: z.string().min(1).max(64).optional().describe('id of the flow where it was seen last'),
  q: z
    .string()
    .min(1)
    .max(255)
    .toLowerCase()
    .optional()
    .describe('free text in names, addresses, threat, evidence and note'),
});
export type ThreatFilterQuery = z.infer<typeof ThreatFilterQuery>;
export const ThreatsQuery = ThreatFilterQuery.extend(PageQuery);
export const ThreatGroupsQuery = ThreatFilterQuery.extend({ limit: Limit });

const NOTE_CHARS_MAX = 500;
export const AcknowledgeQuery = z.strictObject({
  alike: z
    .enum(['yes', 'no'])
    .optional()
    .describe('yes: not the incident alone, but all of the same threat and source'),
});
export const Acknowledge = z
  .strictObject({
    note: z.string().max(NOTE_CHARS_MAX).default('').describe('why, for whoever comes next'),
  })
  .optional();

export const ViolationFilterQuery = FlowFilterQuery.omit({ group: true, verdict: true, q: true }).extend({
  acknowledged: z.enum(['yes', 'no']).optional().describe('both if not given'),
});
export type ViolationFilterQuery = z.infer<typeof ViolationFilterQuery>;
export const ViolationsQuery = ViolationFilterQuery.extend({
  each: Limit.describe(`as many of each source, 1 to ${LIMIT_MAX}; 50 if not given`),
});

export const GraphQuery = z.strictObject({
  level: z.enum(['vm', 'group']).default('vm'),
  since: Moment.optional().describe('a past window; without it the graph is what is live now'),
  until: Moment.optional().describe('end of the window; now if not given'),
});

const EventKinds = z
  .string()
  .min(1)
  .max(1024)
  .transform((text) => text.split(','))
  .optional()
  .describe('only these kinds, separated by commas: names of /event-kinds');

export const EventFilterQuery = z.strictObject({
  since: Moment.optional().describe('only events at or after this moment'),
  until: Moment.optional().describe('only events at or before this moment'),
  kind: EventKinds,
  severity: EventSeverity.optional().describe('this severe or worse'),
  subject: z.string().min(1).max(255).optional().describe('id or name of whom or what it is about'),
  q: z.string().min(1).max(255).toLowerCase().optional().describe('free text in kind, text and subjects'),
});
export type EventFilterQuery = z.infer<typeof EventFilterQuery>;
export const EventsQuery = EventFilterQuery.extend(PageQuery);

const STREAM_KINDS = ['flows', 'graph', 'status', 'workloads', 'threats', 'events'] as const;
export type StreamKind = (typeof STREAM_KINDS)[number];

export const StreamQuery = FlowFilterQuery.omit({ since: true, until: true }).extend({
  name: ThreatName,
  severity: LeastSeverity,
  event: EventKinds,
  kinds: z
    .string()
    .max(64)
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(STREAM_KINDS)))
    .optional()
    .describe(`which events, separated by commas: ${STREAM_KINDS.join(', ')}; all if not given`),
});
export const allStreamKinds: readonly StreamKind[] = STREAM_KINDS;

export const AuditQuery = z.strictObject({
  since: Moment.optional().describe('only entries at or after this moment'),
  until: Moment.optional().describe('only entries at or before this moment'),
  user: z.string().min(1).max(255).optional().describe('only what this user did'),
  ...PageQuery,
});

const SCOPES_MAX = 64;
export const TokenRequest = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'must be small letters, digits, dots, dashes; at most 63')
    .describe('what the audit log calls it'),
  role: Role,
  scopes: z
    .array(z.string().max(64))
    .min(1)
    .max(SCOPES_MAX)
    .optional()
    .describe('some of /scopes; everything that the role may if not given'),
  expires: z
    .string()
    .max(40)
    .regex(MOMENT_PATTERN, 'must be RFC 3339, or how long: 12h, 30d')
    .default('90d')
    .describe('RFC 3339, or how long it is valid: 12h, 30d; at most 366 days'),
});

export const NoQuery = z.strictObject({});
export const IdParam = z.strictObject({ id: End });
export const SignIn = z.strictObject({ secret: z.string().min(1).max(128) });
