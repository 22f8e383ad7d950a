// `vmoat policy log`: every version with author, time and reason.
import type { Command } from 'commander';
import { Page } from '../../api/schema.ts';
import { PolicyVersion } from '../../policy/shapes.ts';
import { type Context, countOf, examples, outputOption, printJson } from '../context.ts';
import { versionTable } from './version-text.ts';

const LAST_DEFAULT = 20;

export function logCommand(policy: Command, context: Context): void {
  policy
    .command('log')
    .description('the versions of the policy, the newest first: who, when, why')
    .option('-n, --last <count>', `as many (${LAST_DEFAULT})`, countOf)
    .addOption(outputOption('table', 'json'))
    .addHelpText('after', examples('vmoat policy log', 'vmoat policy log -n 100 -o json'))
    .action(async ({ last = LAST_DEFAULT, output }: { last?: number; output: string }) => {
      const { items } = await context.daemon().get(Page(PolicyVersion), '/policy/versions');
      const shown = items.slice(0, last);
      if (output === 'json') printJson(context.terminal, shown);
      else context.terminal.out(versionTable(shown, context.terminal, context.now()));
    });
}
