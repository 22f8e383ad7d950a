// Every check of lint, read top to bottom. A check is one file and one line.
import { canBeMerged } from './can-be-merged.ts';
import type { Check } from './check.ts';
import { contradiction } from './contradiction.ts';
import { duplicate } from './duplicate.ts';
import { neverMatched } from './never-matched.ts';
import { overPermissive } from './over-permissive.ts';
import { protectUnused } from './protect-unused.ts';
import { redundant } from './redundant.ts';
import { shadowed } from './shadowed.ts';

export const checks: readonly Check[] = [
  contradiction,
  shadowed,
  duplicate,
  redundant,
  canBeMerged,
  neverMatched,
  overPermissive,
  protectUnused,
];

/** The table of docs/policy.md. */
export const lintReference = (): string =>
  [
    '| check | what it finds |',
    '|---|---|',
    ...checks.map(({ name, means }) => `| \`${name}\` | ${means} |`),
  ].join('\n');
