// What the API takes and answers when the policy is asked: what to allow, what a change would do, why.
import { z } from 'zod';
import { Time, WorkloadRef } from '../../api/schema.ts';
import { Mode } from '../document/words.ts';
import { PolicyVersion, Reason } from '../shapes.ts';

const Moment = z.string().max(40).optional();
const Window = {
  since: Moment.describe('begin of the window, RFC 3339 or 2h, 7d ago; a week ago if not given'),
  until: Moment.describe('end of the window; now if not given'),
};
const EndName = z.string().min(1).max(255).optional();

const Compaction = z
  .enum(['0', '1', '2', '3'])
  .default('1')
  .describe(
    '0: as seen; 1: many ports as ranges; 2: also services for their VMs; 3: also applications on any port',
  );
export const RecommendQuery = z.strictObject({ ...Window, compaction: Compaction });
export const AcceptAdvice = z
  .strictObject({ reason: z.string().max(500).default('').describe('why, for the log') })
  .optional();

export const Provenance = z.object({
  flows: z.int(),
  first: Time,
  last: Time,
  clients: z.array(z.string()),
  servers: z.array(z.string()),
  examples: z.array(z.string()).describe('ids of flows'),
  confidence: z.enum(['low', 'medium', 'high']),
});

export const LearnedRule = z.object({
  id: z.string(),
  from: z.string(),
  to: z.string(),
  applications: z.array(z.string()),
  ports: z.array(z.string()),
  action: z.literal('allow'),
  provenance: Provenance,
});
export type LearnedRule = z.infer<typeof LearnedRule>;

export const Recommendation = z.object({
  rules: z.array(LearnedRule),
  ruled: z.int().describe('flows that rules of the document let pass already'),
  left: z.record(z.string(), z.int()).describe('flows that nothing was learned from, by reason'),
  text: z.string().describe('the rules, and the groups that they need, as a policy document'),
});
export type Recommendation = z.infer<typeof Recommendation>;

export const LearnedRules = z.object({
  items: z.array(LearnedRule).describe('the section that stands behind all rules of the document'),
  left: z
    .record(z.string(), z.int())
    .describe('flows that nothing was learned from since the start, by reason'),
  dropped: z.int().describe('services for which there was no room'),
});
export type LearnedRules = z.infer<typeof LearnedRules>;
export const ForgetQuery = z.strictObject({
  workload: EndName.describe('only what this VM does or is asked; all if not given'),
  reason: Reason.optional(),
});
export const Forgotten = z.object({
  rules: z.int().describe('learned rules that are left'),
  version: PolicyVersion.nullable().describe(
    'a rollback to one before brings it back; null: nothing was forgotten',
  ),
});

export const PlanBody = z.strictObject({
  ...Window,
  text: z
    .string()
    .max(8 * 1024 * 1024)
    .optional()
    .describe('the policy to try; what is live if not given'),
});

const End = z.object({
  kind: WorkloadRef.shape.kind,
  id: z.string(),
  name: z.string(),
  address: z.string().nullable().describe('of an end that is no VM'),
});
const Outcome = z.enum(['allow', 'violation', 'deny']);

export const PlannedChange = z.object({
  change: z
    .enum(['denied', 'violating', 'allowed', 'covered'])
    .describe(
      'denied: no longer passes; violating: passes as a violation; allowed: passes again; covered: none any more',
    ),
  from: End,
  to: End,
  app: z.string().nullable(),
  proto: z.string(),
  port: z.int(),
  direction: z
    .enum(['seen', 'inferred'])
    .describe('inferred: nobody saw who began, as of flows older than vmoat'),
  flows: z.int(),
  first: Time,
  last: Time,
  example: z.string().describe('id of one of the flows'),
  before: Outcome,
  after: Outcome,
  ruleBefore: z.string().nullable().describe('id of the rule that decides; null: the modes do'),
  ruleAfter: z.string().nullable(),
});
export type PlannedChange = z.infer<typeof PlannedChange>;

export const PolicyPlan = z.object({
  since: Time,
  until: Time,
  flows: z.int(),
  services: z.int().describe('edges and services'),
  outcomes: z.record(Outcome, z.int()).describe('flows by what becomes of them'),
  changes: z.array(PlannedChange).describe('the worst first'),
  coverage: z.object({
    hours: z.int().describe('of the window in which traffic was seen'),
    windowHours: z.int(),
    weekdays: z.array(z.int()).describe('seen, Monday = 1'),
    groupsUnseen: z.array(z.string()).describe('of which no VM was seen speaking'),
    applicationsUnseen: z.array(z.string()).describe('that rules name and nobody spoke'),
    rulesUnseen: z.array(z.string()).describe('that decided about nothing'),
  }),
});
export type PolicyPlan = z.infer<typeof PolicyPlan>;

export const ExplainQuery = z.strictObject({
  flow: z.string().min(1).max(64).optional().describe('id of a flow that was recorded'),
  from: EndName.describe('the client: UUID, name, `vm:NAME`, host or address'),
  to: EndName.describe('the server, likewise'),
  port: z
    .string()
    .regex(/^(tcp|udp|sctp|udplite)\/\d{1,5}$|^icmp(v6)?\/\d{1,3}(\/\d{1,3})?$|^proto\/\d{1,3}$/, {
      message: 'must be such as tcp/5432, udp/53, icmp/8 or proto/47',
    })
    .optional(),
  app: z.string().max(64).optional().describe('the application; not known yet if not given'),
});

const ExplainedEnd = z.object({
  end: End,
  why: z.string().nullable().describe('how the address was resolved'),
  nics: z.array(z.object({ tap: z.string().nullable(), segment: z.string().nullable(), hook: z.string() })),
  groups: z.array(z.object({ name: z.string(), because: z.string() })),
  mode: Mode.nullable().describe('in effect; null: bears none'),
  modeFrom: z.string().nullable().describe('the group that gives it; null: the default'),
});

const EnforcedNic = z.object({
  side: z.enum(['from', 'to']),
  tap: z.string().nullable(),
  enforcer: z
    .enum(['splice', 'inplace'])
    .nullable()
    .describe('what carries the verdict out there; null: nothing'),
  reason: z.string().describe('why this one, or why none'),
  failPolicy: z.enum(['open', 'closed']).nullable(),
  failSafePort: z
    .string()
    .nullable()
    .describe('the server’s port passes whatever the verdict: its groups say so'),
});
export type EnforcedNic = z.infer<typeof EnforcedNic>;

export const Explanation = z.object({
  from: ExplainedEnd,
  to: ExplainedEnd,
  proto: z.string(),
  port: z.int(),
  app: z.string().nullable(),
  reversed: z.boolean().describe('the direction was inferred, and the answer is for the other way round'),
  rules: z.array(
    z.object({
      id: z.string(),
      line: z.int().nullable().describe('in the document that is live; null: it was learned'),
      match: z.enum(['matched', 'maybe', 'port', 'application', 'unknown', 'guess', 'byPort']),
      flows: z.int().describe('that it has decided so far'),
      last: Time.nullable().describe('when it last decided about a packet'),
    }),
  ),
  rulesLeftOut: z.int(),
  verdict: z.enum(['allow', 'deny']).nullable().describe('null: not before the application is known'),
  final: z.boolean(),
  violation: z.boolean(),
  decidedBy: z.enum(['rule', 'mode']).nullable(),
  rule: z.string().nullable(),
  enforcement: z.object({
    panic: z.object({ until: Time }).nullable().describe('nothing is dropped or held until then'),
    nics: z.array(EnforcedNic).describe('of both ends; none: nobody could carry the verdict out'),
  }),
  recorded: z
    .object({
      verdict: z.enum(['allow', 'deny']).nullable(),
      rule: z.string().nullable(),
      violation: z.boolean(),
      decidedBy: z.enum(['rule', 'mode', 'failPolicy', 'panic']).nullable(),
      enforced: z
        .enum(['passed', 'dropped', 'reset'])
        .nullable()
        .describe('what became of it; null: it was only told'),
    })
    .nullable()
    .describe('what vmoat-dp decided when the flow was seen; null: no flow was asked about'),
});
export type Explanation = z.infer<typeof Explanation>;
