// The section `rules`: what may speak to what, in order; the first match decides.
import { z } from 'zod';
import { Comment, GroupReference } from '../document/words.ts';
import { PORTS_WANTED, parsePorts } from '../ports.ts';

/** As many as the evaluator takes. */
const RULES_MAX = 20_000;

const RuleId = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$/, 'letters, digits and `_ . -`, at most 63');

const Application = z
  .string()
  .max(64)
  .regex(/^[a-z0-9][a-z0-9_-]*(\/[a-z0-9][a-z0-9_-]*)*$/, 'an application such as http or tls/https');

const Ports = z.string().refine((text) => parsePorts(text) !== null, PORTS_WANTED);

const RuleFields = z.strictObject({
  id: RuleId.describe('unique; what flows and violations name'),
  from: GroupReference.describe('group of the client, `any`, `host`, `external`, or `vm:NAME`'),
  to: GroupReference.describe('group of the server, likewise; also `multicast` or `broadcast`'),
  applications: z
    .array(Application)
    .max(64)
    .optional()
    .describe('any of them, or what begins with one (`http` takes `http/elasticsearch`); none: any'),
  ports: z.array(Ports).max(256).optional().describe(`any of them; none: any. ${PORTS_WANTED}`),
  action: z.enum(['allow', 'deny']),
  continuous: z
    .boolean()
    .optional()
    .describe('read all that the client says, not the opening alone: for `http` and `tls`'),
  comment: Comment.optional(),
  disabled: z.boolean().optional().describe('kept, but out of effect'),
  expires: z.iso
    .datetime({ offset: true, error: 'a moment as RFC 3339 writes it, such as 2027-01-31T00:00:00Z' })
    .optional()
    .describe('out of effect from this moment on (RFC 3339)'),
});

export const Rule = RuleFields.refine(
  ({ continuous, action, applications = [] }) =>
    !continuous || (action === 'allow' && applications.length > 0),
  { path: ['continuous'], error: 'said of a rule that allows applications' },
);
export type Rule = z.infer<typeof Rule>;

export const Rules = z.array(Rule).max(RULES_MAX).default([]).describe('in order; the first match decides');
