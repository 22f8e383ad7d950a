// A rule without which nothing would change.
import { type Check, called, found } from './check.ts';
import type { Cover } from './cover.ts';
import type { LintRule } from './linted.ts';

export const redundant: Check = {
  name: 'redundant',
  means: 'a wider rule says the same, so that without it nothing would change',
  run: ({ rules, cover }) =>
    rules.flatMap((rule) => {
      const wider = widerAlike(rule, cover);
      if (!wider) return [];
      const message = `${called(wider)} says ${rule.rule.action} of all of it`;
      return [found('redundant', rule, wider, { severity: 'warning', message, advice: 'remove it' })];
    }),
};

function widerAlike(rule: LintRule, cover: Cover): LintRule | null {
  if (cover.twin(rule)) return null;
  const earlier = cover.earlier(rule);
  if (earlier) return earlier.rule.action === rule.rule.action ? earlier : null;
  return cover.later(rule);
}
