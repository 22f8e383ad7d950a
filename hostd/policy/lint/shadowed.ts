// A rule that never decides, because a wider one before it says the opposite.
import { type Check, called, found } from './check.ts';

export const shadowed: Check = {
  name: 'shadowed',
  means: 'a wider rule before it says the opposite, so that it never decides',
  run: ({ rules, cover }) =>
    rules.flatMap((rule) => {
      const wider = cover.earlier(rule);
      if (!wider || wider.rule.action === rule.rule.action) return [];
      const message = `never decides: ${called(wider)} comes first and says ${wider.rule.action} of all of it`;
      const advice = `move it before \`${wider.rule.id}\`, or remove it`;
      return [found('shadowed', rule, wider, { severity: 'error', message, advice })];
    }),
};
