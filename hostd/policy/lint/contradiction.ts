// Allow and deny for the same traffic.
import { type Check, called, found } from './check.ts';

export const contradiction: Check = {
  name: 'contradiction',
  means: 'an earlier rule says the opposite of exactly the same traffic',
  run: ({ rules, cover }) =>
    rules.flatMap((rule) => {
      const twin = cover.twin(rule);
      if (!twin || twin.rule.action === rule.rule.action) return [];
      const message = `never decides: ${called(twin)} says ${twin.rule.action} of the same traffic`;
      return [
        found('contradiction', rule, twin, {
          severity: 'error',
          message,
          advice: 'keep the one that is meant',
        }),
      ];
    }),
};
