// vmoat(1), made from the commands themselves.
import type { Command } from 'commander';
import { Roff } from './roff.ts';

export function vmoatPage(program: Command, version: string): string {
  const page = new Roff({ name: 'vmoat', section: 1, version, brief: program.description() });
  page.section('SYNOPSIS').paragraph(usageOf(program));
  page.section('OPTIONS');
  options(page, program);
  page.section('COMMANDS');
  for (const command of program.commands) describe(page, command, ['vmoat']);
  page.section('EXIT STATUS');
  page.item('0', 'done').item('1', 'failed').item('2', 'wrong use');
  page.section('ENVIRONMENT').item('VMOAT_SOCKET', 'the socket of vmoat-hostd, where --socket does not say');
  page.section('SEE ALSO').paragraph('vmoat-dp(8), /usr/share/doc/vmoat/README.md');
  return page.toString();
}

function describe(page: Roff, command: Command, parents: readonly string[]): void {
  const path = [...parents, command.name()];
  page.subsection(path.join(' ')).paragraph(command.description());
  page.paragraph(`${parents.join(' ')} ${usageOf(command)}`);
  const help = command.createHelp();
  for (const argument of help.visibleArguments(command))
    page.item(help.argumentTerm(argument), help.argumentDescription(argument));
  options(page, command);
  const more = afterHelp(command);
  if (more !== '') page.verbatim(more);
  for (const sub of command.commands) describe(page, sub, path);
}

const usageOf = (command: Command): string => `${command.name()} ${command.usage()}`;

function options(page: Roff, command: Command): void {
  const help = command.createHelp();
  for (const option of help.visibleOptions(command))
    if (option.long !== '--help') page.item(help.optionTerm(option), help.optionDescription(option));
}

/** What --help shows behind all else: examples. */
function afterHelp(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (more) => {
      text += more;
    },
  });
  command.outputHelp();
  return text.slice(command.helpInformation().length).trim();
}
