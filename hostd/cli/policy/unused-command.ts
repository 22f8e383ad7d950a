// `vmoat policy unused`: rules that nothing needs any more, to be looked at, or taken out of the policy.
import type { Command } from 'commander';
import { VmoatError } from '../../base/errors.ts';
import { RemovedRules, UnusedRules } from '../../policy/counters/shapes.ts';
import { type Context, examples, outputOption, printJson } from '../context.ts';
import { duration } from '../quantity.ts';
import { styled } from '../terminal.ts';
import { reasonOf } from './change-options.ts';
import { countedTable } from './rule-text.ts';
import { versionLine } from './version-text.ts';

interface UnusedOptions {
  for?: string;
  remove?: boolean;
  reason?: string;
  output: string;
}

export function unusedCommand(policy: Command, context: Context): void {
  policy
    .command('unused')
    .description('rules that allow and decided nothing for so long that they may go')
    .argument('[rules...]', 'with --remove: these alone')
    .option('--for <duration>', 'for so long, while they were watched: 12h, 30d (policy.unusedDays)')
    .option('--remove', 'take them out of the policy: a new version; root only')
    .option('--reason <text>', 'why, for the log')
    .addOption(outputOption('table', 'diff', 'json', 'name'))
    .addHelpText(
      'after',
      examples(
        'vmoat policy unused',
        'vmoat policy unused --for 90d -o diff',
        'sudo vmoat policy unused --remove',
        "sudo vmoat policy unused --remove web-to-old-db --reason 'the old database is gone'",
      ),
    )
    .action((rules: string[], options: UnusedOptions) => {
      if (options.remove) return remove(rules, options, context);
      if (rules.length > 0) throw new VmoatError('usage', 'rules are named together with --remove');
      return list(options, context);
    });
}

async function list(options: UnusedOptions, context: Context): Promise<void> {
  const { terminal } = context;
  const found = await context.daemon().get(UnusedRules, '/policy/unused', { for: options.for });
  if (options.output === 'json') return printJson(terminal, found);
  if (options.output === 'name')
    return terminal.out(found.items.map(({ id }) => `${styled(terminal, null, id)}\n`).join(''));
  if (options.output === 'diff') return terminal.out(shownDiff(found.diff, context));
  if (found.items.length === 0)
    return terminal.out(`no rule was unused while it was watched for ${duration(found.afterMs)}\n`);
  terminal.out(countedTable(found.items, terminal, context.now()));
}

/** Names and comments come from whoever wrote them. */
const shownDiff = (diff: string, { terminal }: Context): string =>
  diff
    .trimEnd()
    .split('\n')
    .map((line) => `${styled(terminal, null, line)}\n`)
    .join('');

async function remove(rules: string[], options: UnusedOptions, context: Context): Promise<void> {
  const { terminal } = context;
  const body = { ...reasonOf(options), ...(rules.length > 0 && { rules }) };
  const query = { for: options.for };
  const done = await context.admin().post(RemovedRules, '/policy/unused/remove', body, query);
  if (options.output === 'json') return printJson(terminal, done);
  const lines = [
    ...done.removed.map((id) => `removed ${id}`),
    ...done.forgotten.map((id) => `forgotten ${id}`),
  ];
  for (const line of lines) terminal.out(`${styled(terminal, null, line)}\n`);
  if (done.version) terminal.out(versionLine(done.version, terminal, context.now()));
}
