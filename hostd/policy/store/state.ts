// What is kept of the policy over restarts, apart from the texts of its versions.
import { z } from 'zod';
import { SCHEMA_VERSION } from './migrations.ts';

const Moment = z.number().int().describe('ms since the epoch');
const VersionNumber = z.int().min(1);

export const VersionInfo = z.object({
  version: VersionNumber,
  at: Moment,
  author: z.string(),
  reason: z.string(),
  /** What was live when it was made; null: nothing. */
  base: VersionNumber.nullable(),
  /** The file it came from, as the CLI names it; null: none. */
  source: z.string().nullable(),
  sha256: z.string().length(64),
  bytes: z.int(),
  rules: z.int(),
  groups: z.int(),
  /** `unconfirmed`: its time to be confirmed ran out; `withdrawn`: somebody rolled it back before. */
  fate: z.enum(['kept', 'unconfirmed', 'withdrawn']),
  /** Versions that made vmoat forget something learned which in this one is forgotten, too; the oldest first. */
  forgets: z.array(VersionNumber).default([]),
});
export type VersionInfo = z.infer<typeof VersionInfo>;

/** Whether something is forgotten with this version for the first time. */
export const isForgetting = ({ version, forgets }: VersionInfo): boolean => forgets.includes(version);

export const Pending = z.object({
  version: VersionNumber,
  /** What comes back if nobody confirms; null: no policy. */
  previous: VersionNumber.nullable(),
  since: Moment,
  deadline: Moment,
  /** The boot that it was applied in, and its uptime, ms, at the deadline: no change of the wall clock moves that. */
  boot: z.string().default(''),
  uptime_ms: z.number().default(0),
});
export type Pending = z.infer<typeof Pending>;

export const PolicyState = z.object({
  schemaVersion: z.literal(SCHEMA_VERSION),
  live: VersionNumber.nullable(),
  /** Number of the next version; numbers are not used twice. */
  next: VersionNumber,
  versions: z.array(VersionInfo),
  pending: Pending.nullable(),
  /** Ids of rules with their numbers, which stay theirs for good; pairs, since an id may be any word. */
  ruleNumbers: z.object({ next: z.int().min(1), ids: z.array(z.tuple([z.string(), z.int().min(1)])) }),
});
export type PolicyState = z.infer<typeof PolicyState>;

export const emptyState = (): PolicyState => ({
  schemaVersion: SCHEMA_VERSION,
  live: null,
  next: 1,
  versions: [],
  pending: null,
  ruleNumbers: { next: 1, ids: [] },
});
