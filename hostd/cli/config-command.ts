// `vmoat config`: checks and shows the configuration; needs no daemon.
import type { Command } from 'commander';
import { renderProblem } from '../base/text-problem.ts';
import { checkConfig } from '../config/load.ts';
import { DEFAULT_CONFIG_FILE } from '../config/schema.ts';
import { describeConfig, showConfig } from '../config/show.ts';
import { type Context, examples, outputOption, printJson } from './context.ts';
import { styled } from './terminal.ts';

const FILE = `the file; ${DEFAULT_CONFIG_FILE} if not given`;

export function configCommand(program: Command, context: Context): void {
  const config = program.command('config').description('the configuration of vmoat-hostd');
  config
    .command('check')
    .description('names every mistake with its line; exit code 1 if there is one')
    .argument('[file]', FILE)
    .addOption(outputOption('table', 'json'))
    .addHelpText('after', examples('vmoat config check', 'vmoat config check ./vmoat.yaml'))
    .action((file: string | undefined, options: { output: string }) => check(file, options.output, context));
  config
    .command('show')
    .description('what is in effect; what is only a default is marked')
    .argument('[file]', FILE)
    .addOption(outputOption('table', 'json'))
    .addHelpText('after', examples('vmoat config show', 'vmoat config show ./vmoat.yaml -o json'))
    .action((file: string | undefined, options: { output: string }) => show(file, options.output, context));
}

function check(file: string | undefined, output: string, { terminal, fail }: Context): void {
  const checked = checkConfig(file);
  if (checked.problems.length) fail(1);
  if (output === 'json') {
    printJson(terminal, { file: checked.file, problems: checked.problems });
    return;
  }
  for (const problem of checked.problems) terminal.err(`${styled(terminal, null, renderProblem(problem))}\n`);
  if (checked.config) terminal.out(`${styled(terminal, null, checked.file)}: good\n`);
}

function show(file: string | undefined, output: string, context: Context): void {
  const checked = checkConfig(file);
  if (!checked.config) check(file, output, context);
  else if (output === 'json') printJson(context.terminal, describeConfig(checked.config, checked.given));
  else context.terminal.out(showConfig(checked.config, checked.given));
}
