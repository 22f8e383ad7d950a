// What a check of lint gets, and what it finds.
import type { Place } from '../../base/strict-yaml.ts';
import type { ReadPolicy } from '../document/parse.ts';
import type { Rule } from '../sections/rules.ts';
import type { Cover } from './cover.ts';
import type { LintGroup, LintRule } from './linted.ts';

/** `error`: the document does not do what it says; `warning`: likely a mistake; `hint`: could be simpler. */
export const severities = ['error', 'warning', 'hint'] as const;
export type LintSeverity = (typeof severities)[number];

export interface Finding {
  check: string;
  severity: LintSeverity;
  file: string;
  line: number;
  column: number;
  /** The rule at fault; null: it is a group. */
  rule: string | null;
  group: string | null;
  /** The rule that it is at odds with. */
  other: { rule: string; line: number } | null;
  message: string;
  /** What to do. */
  advice: string;
}

/** What hostd counts of a rule. */
export interface Watched {
  /** Whether it ever decided anything. */
  hasMatched: boolean;
  /** For how long it was in effect and watched. */
  watched_ms: number;
}

/** What only a running hostd knows; absent where lint reads a file alone. */
export interface LiveKnowledge {
  /** Members of a group of VMs now; null where the group has no VMs as members. */
  members(group: string): number | null;
  /** What is counted of a rule that says this; null: nothing. */
  watch(rule: Rule): Watched | null;
}

export interface LintInput {
  policy: ReadPolicy;
  /** Rules in effect: neither disabled nor expired. */
  rules: readonly LintRule[];
  /** Rules whose time is over. */
  expired: readonly LintRule[];
  groups: readonly LintGroup[];
  cover: Cover;
  live: LiveKnowledge | null;
  /** ms since the epoch */
  now: number;
}

export interface Check {
  name: string;
  means: string;
  run(input: LintInput): Finding[];
}

type Said = Pick<Finding, 'severity' | 'message' | 'advice'>;

export const found = (check: string, at: LintRule, other: LintRule | null, said: Said): Finding => ({
  check,
  ...placeOf(at),
  rule: at.rule.id,
  group: null,
  other: other && { rule: other.rule.id, line: other.place.line },
  ...said,
});

export const foundOfGroup = (check: string, at: LintGroup, said: Said): Finding => ({
  check,
  ...placeOf(at),
  rule: null,
  group: at.group.name,
  other: null,
  ...said,
});

const placeOf = ({ place: { file, line, column } }: { place: Place }) => ({ file, line, column });

/** How findings speak of the other rule. */
export const called = ({ rule, place }: LintRule): string => `\`${rule.id}\` (line ${place.line})`;
