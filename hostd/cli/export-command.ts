// `vmoat export`: what is written where, when, and what became of it.
import type { Command } from 'commander';
import { ExportJob, ExportResult, Page } from '../api/schema.ts';
import { type Context, examples, outputOption, printJson } from './context.ts';
import { bytes, clockTime, duration } from './quantity.ts';
import { type Column, table } from './table.ts';
import { type Style, styled, type Terminal } from './terminal.ts';

export function exportCommand(program: Command, context: Context): void {
  const command = program
    .command('export')
    .description('the exports of the policy: what is written where, when, and what became of it');
  listCommand(command, context);
  showCommand(command, context);
  runCommand(command, context);
}

const stateOf = ({ running, last, missed }: ExportJob): [text: string, style: Style | null] => {
  if (running) return ['running', 'yellow'];
  if (missed) return [`missed ${missed}`, 'yellow'];
  if (!last) return ['never ran', null];
  return last.error === null ? ['good', 'green'] : [`failed: ${last.error}`, 'red'];
};

const columns = (now_ms: number): Column<ExportJob>[] => [
  { title: 'NAME', text: ({ name }) => name },
  { title: 'WHAT', text: ({ what }) => what },
  { title: 'FORMAT', text: ({ format }) => format },
  { title: 'CRON', text: ({ cron, timezone }) => `${cron} ${timezone}` },
  { title: 'NEXT', text: ({ next }) => (next ? clockTime(next, now_ms) : 'never') },
  { title: 'LAST', text: ({ last }) => (last ? clockTime(last.at, now_ms) : 'never') },
  { title: 'STATE', text: (job) => stateOf(job)[0], style: (job) => stateOf(job)[1] },
];

function listCommand(command: Command, context: Context): void {
  command
    .command('list')
    .description('all exports: the last result, the next run')
    .addOption(outputOption('table', 'json', 'name'))
    .addHelpText('after', examples('vmoat export list', 'vmoat export list -o json'))
    .action(async ({ output }: { output: string }) => {
      const { terminal, now } = context;
      const { items } = await context.daemon().get(Page(ExportJob), '/exports');
      if (output === 'json') printJson(terminal, items);
      else if (output === 'name')
        terminal.out(items.map(({ name }) => `${styled(terminal, null, name)}\n`).join(''));
      else terminal.out(table(terminal, columns(now()), items));
    });
}

function showCommand(command: Command, context: Context): void {
  command
    .command('show')
    .description('one export, with what its format could not express')
    .argument('<name>', 'as the list shows it')
    .addOption(outputOption('table', 'json'))
    .addHelpText('after', examples('vmoat export show nightly', 'vmoat export show nightly -o json'))
    .action(async (name: string, { output }: { output: string }) => {
      const { terminal } = context;
      const job = await context.daemon().get(ExportJob, `/exports/${encodeURIComponent(name)}`);
      if (output === 'json') return printJson(terminal, job);
      const { what, format, to, keep, cron, timezone, next, last } = job;
      const [state, style] = stateOf(job);
      terminal.out(
        facts(terminal, [
          ['name', name],
          ['what', `${what} as ${format}`],
          ['to', `${to}, the newest ${keep}`],
          ['cron', `${cron} (${timezone})`],
          ['next', next ?? 'never'],
          ['state', state, style],
        ]),
      );
      if (last) terminal.out(resultText(last, terminal));
    });
}

function runCommand(command: Command, context: Context): void {
  command
    .command('run')
    .description('run an export now and wait for its end; root only')
    .argument('<name>', 'as the list shows it')
    .addOption(outputOption('table', 'json'))
    .addHelpText('after', examples('sudo vmoat export run nightly'))
    .action(async (name: string, { output }: { output: string }) => {
      const { terminal, fail } = context;
      const path = `/exports/${encodeURIComponent(name)}/run`;
      const result = await context.admin().post(ExportResult, path);
      if (result.error !== null) fail(1);
      if (output === 'json') printJson(terminal, result);
      else terminal.out(resultText(result, terminal));
    });
}

function resultText(result: ExportResult, terminal: Terminal): string {
  const { at, trigger, took_ms, error, file, removed, unexpressed } = result;
  const lines: [string, string, (Style | null)?][] = [
    ['ran', `${at}, by ${trigger}, took ${duration(took_ms)}`],
    ['result', error ?? 'written', error === null ? 'green' : 'red'],
  ];
  if (file !== null) lines.push(['file', `${file}, ${bytes(result.bytes)}`]);
  if (removed.length) lines.push(['removed', removed.join(', ')]);
  for (const { item, why } of unexpressed) lines.push(['left out', `${item}: ${why}`, 'yellow']);
  return facts(terminal, lines);
}

function facts(terminal: Terminal, lines: readonly [string, string, (Style | null)?][]): string {
  const width = Math.max(...lines.map(([name]) => name.length), 'left out'.length);
  return lines
    .map(
      ([name, value, style = null]) =>
        `${styled(terminal, 'bold', name.padEnd(width))}  ${styled(terminal, style, value)}\n`,
    )
    .join('');
}
