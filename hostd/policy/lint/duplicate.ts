// The same rule twice.
import { type Check, called, found } from './check.ts';

export const duplicate: Check = {
  name: 'duplicate',
  means: 'an earlier rule says the same of the same traffic',
  run: ({ rules, cover }) =>
    rules.flatMap((rule) => {
      const twin = cover.twin(rule);
      if (!twin || twin.rule.action !== rule.rule.action) return [];
      const message = `the same as ${called(twin)}`;
      return [found('duplicate', rule, twin, { severity: 'warning', message, advice: 'remove one of them' })];
    }),
};
