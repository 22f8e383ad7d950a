// What the API takes and answers about the counters of rules, and about those that are unused.
import { z } from 'zod';
import { Pair, Time } from '../../api/schema.ts';
import { Duration, durationMs } from '../document/words.ts';
import { PolicyVersion, Reason } from '../shapes.ts';

export const CountedRule = z.object({
  id: z.string(),
  line: z.int().nullable().describe('in the document that is live; null: it was learned'),
  from: z.string(),
  to: z.string(),
  applications: z.array(z.string()),
  ports: z.array(z.string()),
  action: z.enum(['allow', 'deny']),
  continuous: z.boolean().optional(),
  comment: z.string().optional(),
  state: z.enum(['in effect', 'disabled', 'expired']),
  flows: z.int().describe('that it began to decide'),
  packets: Pair,
  bytes: Pair,
  last: Time.nullable().describe('when it last decided about a packet; null: never since `since`'),
  since: Time.nullable().describe('counted since then; null: not yet'),
  watchedMs: z.int().describe('for how long it was in effect and watched'),
  idleMs: z.int().describe('how much of that is since it last decided'),
});
export type CountedRule = z.infer<typeof CountedRule>;

const Idle = Duration.transform(durationMs).optional();
export const RulesQuery = z.strictObject({
  unusedFor: Idle.describe('only rules that decided nothing while they were watched for so long: 12h, 30d'),
});

export const UnusedQuery = z.strictObject({
  for: Idle.describe('watched for so long without deciding anything; `policy.unusedDays` if not given'),
});

export const UnusedRules = z.object({
  afterMs: z.int().describe('watched for so long without deciding anything'),
  items: z.array(CountedRule),
  diff: z.string().describe('what their removal changes in the document, as `diff -u` writes it'),
});
export type UnusedRules = z.infer<typeof UnusedRules>;

const RULES_MAX = 10_000;
export const RemoveUnused = z
  .strictObject({
    rules: z
      .array(z.string().min(1).max(600))
      .min(1)
      .max(RULES_MAX)
      .optional()
      .describe('ids of some of them; all if not given'),
    reason: Reason,
  })
  .optional();

export const RemovedRules = z.object({
  version: PolicyVersion.nullable().describe('without them; null: none of them stood in the document'),
  removed: z.array(z.string()).describe('ids that stood in the document'),
  forgotten: z.array(z.string()).describe('ids of rules that were learned'),
});
export type RemovedRules = z.infer<typeof RemovedRules>;
