// What is odd about a valid policy: every check over its rules, in the order of the file. Pure.
import type { ReadPolicy } from '../document/parse.ts';
import { groupOfReference } from '../document/words.ts';
import { portRanges } from '../ports.ts';
import { type Finding, type LintInput, type LiveKnowledge, severities } from './check.ts';
import { Cover } from './cover.ts';
import type { LintRule } from './linted.ts';
import { checks } from './registry.ts';

export interface LintAnswer {
  findings: Finding[];
  /** False where the rules were too many to be compared with each other in full. */
  complete: boolean;
}

/** `live` null: from the document alone. */
export function lint(policy: ReadPolicy, now: number, live: LiveKnowledge | null = null): LintAnswer {
  const input = inputOf(policy, now, live);
  const findings = checks.flatMap((check) => check.run(input)).sort(byPlace);
  return { findings, complete: input.cover.complete };
}

const byPlace = (a: Finding, b: Finding): number =>
  a.line - b.line || severities.indexOf(a.severity) - severities.indexOf(b.severity);

function inputOf(policy: ReadPolicy, now: number, live: LiveKnowledge | null): LintInput {
  const { document, places } = policy;
  const all = document.rules
    .map(
      (rule, index): LintRule => ({
        rule,
        index,
        from: groupOfReference(rule.from),
        to: groupOfReference(rule.to),
        ports: portRanges(rule.ports ?? []),
        place: places.of(['rules', index, 'id']),
      }),
    )
    .filter(({ rule }) => !rule.disabled);
  const isOver = ({ rule }: LintRule): boolean =>
    rule.expires !== undefined && Date.parse(rule.expires) <= now;
  const rules = all.filter((rule) => !isOver(rule));
  return {
    policy,
    rules,
    expired: all.filter(isOver),
    groups: document.groups.map((group, index) => ({ group, place: places.of(['groups', index, 'name']) })),
    cover: new Cover(rules),
    live,
    now,
  };
}

/** `FILE:LINE:COLUMN: severity: message; what to do [check]`, as compilers write it. */
export const renderFinding = (finding: Finding): string =>
  `${finding.file}:${finding.line}:${finding.column}: ${finding.severity}: \`${finding.rule ?? finding.group}\`: ${finding.message}; ${finding.advice} [${finding.check}]`;
