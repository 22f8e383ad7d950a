// What the API takes and answers about the policy: its versions, what lint finds, groups that are proposed.
import { z } from 'zod';
import { Time } from '../api/schema.ts';
import { GroupName, Mode } from './document/words.ts';
import { severities } from './lint/check.ts';
import { MatchEntry } from './match/criteria.ts';

const BASE_MAX = 999_999_999;
/** What a person writes in a line. */
const Line = z
  .string()
  .max(500)
  .regex(/^[^\p{Cc}]*$/u, 'must be one line');

/** JSON writes many a character as six. */
export const APPLY_BYTES_MAX = 16 * 1024 * 1024;
const TEXT_CHARS_MAX = 8 * 1024 * 1024;

const CONFIRM_MS_MAX = 24 * 3_600_000;
const ConfirmWithin = z
  .int()
  .min(1000)
  .max(CONFIRM_MS_MAX)
  .optional()
  .describe('ms after which it is rolled back unless it is confirmed; absent: it stays');
export const Reason = Line.default('').describe('why, for the log');

const Port = z.int().min(1).max(65_535);
/** What a change of the policy may say of whoever asks for it. */
const Insistence = {
  force: z
    .boolean()
    .default(false)
    .describe('also where it cuts open flows by which somebody manages host or VMs'),
  session: z
    .strictObject({
      client: z.string().max(64),
      clientPort: Port,
      server: z.string().max(64),
      serverPort: Port,
    })
    .optional()
    .describe('what the caller’s shell runs over, as $SSH_CONNECTION has it'),
};

export const ApplyBody = z.strictObject({
  text: z.string().max(TEXT_CHARS_MAX).describe('the document: YAML or JSON'),
  base: z
    .int()
    .min(0)
    .max(BASE_MAX)
    .optional()
    .describe('the version it was made from, 0: none; absent: as its first line or its source says'),
  source: Line.optional().describe(
    'the file it comes from: applied again, it is based on its own last version',
  ),
  confirmWithinMs: ConfirmWithin,
  reason: Reason,
  ...Insistence,
});
export const RollbackBody = z
  .strictObject({ confirmWithinMs: ConfirmWithin, reason: Reason, ...Insistence })
  .optional();
export const ModeBody = z.strictObject({ mode: Mode, reason: Reason, ...Insistence });
export const AcceptBody = z
  .strictObject({ name: GroupName.optional().describe('another name than the proposed one'), reason: Reason })
  .optional();
export const IsolateBody = z.strictObject({ reason: Reason }).optional();
export const VersionParam = z.strictObject({
  id: z
    .string()
    .regex(/^[1-9]\d{0,8}$/, 'must be the number of a version')
    .transform(Number),
});
const VersionQuery = z
  .string()
  .regex(/^\d{1,9}$/, 'must be the number of a version')
  .transform(Number)
  .optional();
export const DiffQuery = z.strictObject({
  from: VersionQuery.describe('0: none; what was live before `to` if not given'),
  to: VersionQuery.describe('what is live if not given'),
});

export const PolicyVersion = z.object({
  version: z.int(),
  at: Time,
  author: z.string(),
  reason: z.string(),
  base: z.int().nullable().describe('what was live when it was made'),
  source: z.string().nullable(),
  rules: z.int(),
  groups: z.int(),
  bytes: z.int(),
  state: z
    .enum(['live', 'pending', 'past', 'unconfirmed', 'withdrawn'])
    .describe('pending: live, but not for long unless confirmed; unconfirmed: its time ran out'),
  confirmBy: Time.nullable().describe('when a pending version is rolled back'),
});
export type PolicyVersion = z.infer<typeof PolicyVersion>;

export const PolicyText = z.object({
  version: PolicyVersion.nullable().describe('null: no policy was applied yet'),
  text: z.string().describe('the document'),
});
export type PolicyText = z.infer<typeof PolicyText>;

export const LivePolicy = PolicyText.extend({
  defaultMode: Mode.describe('of VMs that no group gives one'),
  generation: z.int().describe('of the tables that follow from it'),
});
export type LivePolicy = z.infer<typeof LivePolicy>;

export const PolicyChanges = z.object({
  from: z.int(),
  to: z.int(),
  changes: z.array(
    z.object({
      section: z.string(),
      name: z.string(),
      kind: z.enum(['added', 'removed', 'changed', 'moved']),
      fields: z.array(
        z.object({ key: z.string(), before: z.unknown().optional(), after: z.unknown().optional() }),
      ),
    }),
  ),
  text: z.string().describe('the same as `diff -u` writes it'),
});
export type PolicyChanges = z.infer<typeof PolicyChanges>;

export const Lint = z.object({
  complete: z.boolean().describe('false: the rules were too many to be compared in full'),
  findings: z.array(
    z.object({
      check: z.string(),
      severity: z.enum(severities),
      file: z.string(),
      line: z.int(),
      column: z.int(),
      rule: z.string().nullable().describe('at fault; null: it is a group'),
      group: z.string().nullable(),
      other: z.object({ rule: z.string(), line: z.int() }).nullable(),
      message: z.string(),
      advice: z.string(),
    }),
  ),
});

export const GroupProposal = z.object({
  name: z.string(),
  match: z.array(MatchEntry),
  members: z.array(z.object({ id: z.string(), name: z.string() })),
  because: z.string().describe('why these VMs seem to belong together'),
});
export type GroupProposal = z.infer<typeof GroupProposal>;
