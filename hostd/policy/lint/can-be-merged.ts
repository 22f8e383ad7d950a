// Two rules that one could be.
import { type Check, called, found, type LintInput } from './check.ts';
import { applicationsOf } from './cover.ts';
import type { LintRule } from './linted.ts';

export const canBeMerged: Check = {
  name: 'can-be-merged',
  means: 'differs from another rule in its ports or its applications only',
  run: (input) => {
    const ports = merged(input, 'ports', (rule) => list(applicationsOf(rule)));
    const applications = merged(input, 'applications', (rule) => list(rule.rule.ports ?? []));
    return [...ports, ...applications];
  },
};

const list = (items: readonly string[]): string => [...items].sort().join(' ');

/** The first of those that are alike in all but `key` takes the others up. */
function merged(
  { rules, cover }: LintInput,
  key: 'ports' | 'applications',
  rest: (rule: LintRule) => string,
) {
  const firsts = new Map<string, LintRule>();
  return rules.flatMap((rule) => {
    if ((rule.rule[key] ?? []).length === 0 || cover.twin(rule) || cover.earlier(rule)) return [];
    const { action, continuous = false, expires = '' } = rule.rule;
    const alike = [rule.from, rule.to, action, continuous, expires, rest(rule)].join('\n');
    const first = firsts.get(alike);
    if (!first || cover.between(rule, first, rule)) {
      firsts.set(alike, rule);
      return [];
    }
    const message = `differs from ${called(first)} in its ${key} only`;
    const advice = `write one rule with the ${key} of both`;
    return [found('can-be-merged', rule, first, { severity: 'hint', message, advice })];
  });
}
