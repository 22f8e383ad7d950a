// Exports and what became of their runs.
import { z } from 'zod';
import { Time } from './common.ts';

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
