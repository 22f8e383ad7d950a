// `vmoat policy`: the policy as a file that is reviewed, checked and applied.
import type { Command } from 'commander';
import type { Context } from './context.ts';
import { lintCommand } from './policy/lint-command.ts';
import { schemaCommand } from './policy/schema-command.ts';

export function policyCommand(program: Command, context: Context): void {
  const policy = program.command('policy').description('what may speak to what: groups, modes and rules');
  for (const add of [lintCommand, schemaCommand]) add(policy, context);
}
