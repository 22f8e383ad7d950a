// `vmoat policy confirm`: keeps the version that would be rolled back.
import type { Command } from 'commander';
import { type Context, examples, outputOption } from '../context.ts';
import { change } from './change-options.ts';

export function confirmCommand(policy: Command, context: Context): void {
  policy
    .command('confirm')
    .description('keep the version that waits to be confirmed; root only')
    .addOption(outputOption('table', 'json'))
    .addHelpText('after', examples('sudo vmoat policy confirm'))
    .action(({ output }: { output: string }) => change(context, '/policy/confirm', {}, output));
}
