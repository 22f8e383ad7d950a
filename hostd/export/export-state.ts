// What is remembered of exports over restarts: their last result, and when they were to run next.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ExportResult, Time } from '../api/schema.ts';

const JobState = z.object({
  /** Cron expression and time zone that `next` was computed from. */
  schedule: z.string(),
  next: Time.nullable(),
  last: ExportResult.nullable(),
});
export type JobState = z.infer<typeof JobState>;

const Stored = z.strictObject({ version: z.literal(1), jobs: z.record(z.string(), JobState) });

/** A file that is missing or broken means that nothing is remembered: the exports themselves are elsewhere. */
export function readState(file: string): Map<string, JobState> {
  try {
    return new Map(Object.entries(Stored.parse(JSON.parse(readFileSync(file, 'utf8'))).jobs));
  } catch {
    return new Map();
  }
}

export const stateText = (jobs: ReadonlyMap<string, JobState>): string =>
  JSON.stringify({ version: 1, jobs: Object.fromEntries(jobs) });
