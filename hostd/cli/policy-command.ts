// `vmoat policy`: the policy as a file that is reviewed, checked and applied.
import type { Command } from 'commander';
import type { Context } from './context.ts';
import { applyCommand } from './policy/apply-command.ts';
import { confirmCommand } from './policy/confirm-command.ts';
import { diffCommand } from './policy/diff-command.ts';
import { editCommand } from './policy/edit-command.ts';
import { exportCommand } from './policy/export-command.ts';
import { importCommand } from './policy/import-command.ts';
import { learnedCommand } from './policy/learned-command.ts';
import { lintCommand } from './policy/lint-command.ts';
import { logCommand } from './policy/log-command.ts';
import { planCommand } from './policy/plan-command.ts';
import { recommendCommand } from './policy/recommend-command.ts';
import { rollbackCommand } from './policy/rollback-command.ts';
import { rulesCommand } from './policy/rules-command.ts';
import { schemaCommand } from './policy/schema-command.ts';
import { unusedCommand } from './policy/unused-command.ts';

export function policyCommand(program: Command, context: Context): void {
  const policy = program.command('policy').description('what may speak to what: groups, modes and rules');
  for (const add of [
    exportCommand,
    rulesCommand,
    lintCommand,
    diffCommand,
    applyCommand,
    confirmCommand,
    rollbackCommand,
    logCommand,
    importCommand,
    editCommand,
    recommendCommand,
    learnedCommand,
    unusedCommand,
    planCommand,
    schemaCommand,
  ])
    add(policy, context);
}
