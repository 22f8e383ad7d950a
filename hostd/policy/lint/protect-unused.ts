// Groups that say what their members may do in protect, and put nobody there.
import { PROTECTION } from '../sections/protection.ts';
import { type Check, foundOfGroup, type LintInput } from './check.ts';
import type { LintGroup } from './linted.ts';

export const protectUnused: Check = {
  name: 'protect-unused',
  means:
    'a group says something that counts in protect only (`failPolicy`, `failSafePorts`, …), and is not in protect',
  run: (input) =>
    input.groups.flatMap((group) => {
      const said = PROTECTION.filter((key) => group.group[key] !== undefined);
      if (said.length === 0 || mayProtect(group, input)) return [];
      const message = `${said.join(', ')} ${said.length === 1 ? 'counts' : 'count'} in protect only, and only where another group puts a member there`;
      const advice = 'say `mode: protect` when the time has come, or leave it out';
      return [foundOfGroup('protect-unused', group, { severity: 'hint', message, advice })];
    }),
};

/** Also where its members may be there by another group: one without a mode adds to those that bear one. */
function mayProtect({ group: { mode, promote } }: LintGroup, { policy, groups }: LintInput): boolean {
  if (mode !== undefined) return mode === 'protect' || promote?.protectAfter !== undefined;
  return policy.document.defaultMode === 'protect' || groups.some(({ group }) => group.mode === 'protect');
}
