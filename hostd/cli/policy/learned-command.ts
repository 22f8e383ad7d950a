// `vmoat policy learned`: the section that groups in learn have taught, and how to forget it.
import type { Command } from 'commander';
import { Forgotten, LearnedRules } from '../../policy/advice/shapes.ts';
import { type Context, examples, outputOption, printJson } from '../context.ts';
import { short } from '../quantity.ts';
import { styled } from '../terminal.ts';
import { ruleTable } from './recommend-command.ts';
import { versionLine } from './version-text.ts';

interface LearnedOptions {
  forget?: boolean;
  vm?: string;
  reason?: string;
  output: string;
}

export function learnedCommand(policy: Command, context: Context): void {
  policy
    .command('learned')
    .description(
      'what groups in learn have taught: rules behind all of the document, until they are accepted',
    )
    .option('--forget', 'forget them: a new version, and a rollback takes that back; root only')
    .option('--vm <end>', 'with --forget: only what this VM does or is asked')
    .option('--reason <text>', 'with --forget: why, for the log')
    .addOption(outputOption('table', 'json'))
    .addHelpText('after', examples('vmoat policy learned', 'sudo vmoat policy learned --forget --vm web-1'))
    .action((options: LearnedOptions) => run(options, context));
}

async function run({ forget, vm, reason, output }: LearnedOptions, context: Context): Promise<void> {
  const { terminal } = context;
  if (forget) {
    const wanted = { workload: vm, reason };
    const { rules, version } = await context.admin().delete(Forgotten, '/policy/learned', wanted);
    if (version) terminal.out(versionLine(version, terminal, context.now()));
    return terminal.out(`${short(rules)} learned rules are left\n`);
  }
  const found = await context.daemon().get(LearnedRules, '/policy/learned');
  if (output === 'json') return printJson(terminal, found);
  terminal.out(ruleTable(found.items, terminal, context.now()));
  const left = Object.entries(found.left).map(([why, flows]) => `${short(flows)} flows: ${why}\n`);
  terminal.err(
    left.map((line) => styled(terminal, 'dim', line.trimEnd())).join('\n') + (left.length ? '\n' : ''),
  );
}
