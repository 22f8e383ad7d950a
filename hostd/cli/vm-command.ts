// `vmoat vm list`, `vmoat vm show`: the VMs and what is known of each.
import type { Command } from 'commander';
import { type Nic, Page, Workload } from '../api/schema.ts';
import { type Context, examples, outputOption, printJson } from './context.ts';
import { nicTable } from './nic-text.ts';
import { type ChangeOptions, change, reasonOf, reasonOption } from './policy/change-options.ts';
import { type Column, table } from './table.ts';
import { type Style, safeJson, styled, type Terminal } from './terminal.ts';

export function vmCommand(program: Command, context: Context): void {
  const vm = program.command('vm').description('the VMs of this host');
  vm.command('list')
    .description('all VMs')
    .option('--running', 'only those that run')
    .addOption(outputOption('table', 'json', 'name'))
    .addHelpText('after', examples('vmoat vm list', 'vmoat vm list --running -o name'))
    .action(async (options: { running?: boolean; output: string }) => {
      const { items } = await context.daemon().get(Page(Workload), '/workloads');
      const shown = options.running ? items.filter((workload) => workload.state === 'running') : items;
      context.terminal.out(listText(shown, options.output, context.terminal));
    });
  isolationCommand(vm, context, 'isolate', 'cut a VM off: deny everything from it and to it; root only');
  isolationCommand(vm, context, 'release', 'let an isolated VM speak again; root only');
  vm.command('show')
    .description('one VM with its NICs')
    .argument('<vm>', 'name, UUID, or the beginning of the UUID')
    .addOption(outputOption('table', 'json'))
    .addHelpText('after', examples('vmoat vm show web-1', 'vmoat vm show 3f0c -o json'))
    .action(async (name: string, options: { output: string }) => {
      const workload = await context.daemon().get(Workload, `/workloads/${encodeURIComponent(name)}`);
      if (options.output === 'json') printJson(context.terminal, workload);
      else context.terminal.out(showText(workload, context.terminal));
    });
}

function isolationCommand(vm: Command, context: Context, verb: string, description: string): void {
  const command = vm.command(verb).description(description);
  command.argument('<vm>', 'name, UUID, or the beginning of the UUID');
  reasonOption(command)
    .addHelpText('after', examples(`sudo vmoat vm ${verb} web-1`))
    .action((name: string, options: ChangeOptions) =>
      change(context, `/workloads/${encodeURIComponent(name)}/${verb}`, reasonOf(options), options.output),
    );
}

const STATE_STYLES: Record<Workload['state'], Style> = {
  running: 'green',
  paused: 'yellow',
  migrating: 'yellow',
  suspended: 'yellow',
  crashed: 'red',
  shutoff: 'dim',
};

const addresses = (workload: Workload): string =>
  workload.nics.flatMap((nic) => nic.addresses.map((known) => known.address)).join(', ');
const tapped = (nics: readonly Nic[]): string =>
  `${nics.filter((nic) => nic.hook !== 'none').length}/${nics.length}`;

const COLUMNS: Column<Workload>[] = [
  { title: 'NAME', text: (workload) => workload.name },
  { title: 'STATE', text: (workload) => workload.state, style: (workload) => STATE_STYLES[workload.state] },
  { title: 'MODE', text: (workload) => workload.mode },
  { title: 'TAPPED', text: (workload) => tapped(workload.nics), right: true },
  { title: 'ADDRESSES', text: addresses },
  { title: 'UUID', text: (workload) => workload.id, style: () => 'dim' },
];

function listText(workloads: readonly Workload[], output: string, terminal: Terminal): string {
  if (output === 'json') return `${safeJson(workloads, 2)}\n`;
  if (output === 'name')
    return workloads.map((workload) => `${styled(terminal, null, workload.name)}\n`).join('');
  return table(terminal, COLUMNS, workloads);
}

function showText(workload: Workload, terminal: Terminal): string {
  const facts: [string, string][] = [
    ['name', workload.name],
    ['uuid', workload.id],
    ['title', workload.title ?? '-'],
    ['state', workload.state],
    ['mode', `${workload.mode}, ${workload.modeFrom === null ? 'the default' : `of ${workload.modeFrom}`}`],
    ['groups', workload.groups.join(', ')],
    ['os', workload.os ?? '-'],
    ['tags', workload.tags.join(', ') || '-'],
    ['persistent', workload.persistent ? 'yes' : 'no'],
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  const lines = facts.map(
    ([name, value]) => `${styled(terminal, 'bold', name.padEnd(width))}  ${styled(terminal, null, value)}\n`,
  );
  return `${lines.join('')}\n${nicTable(terminal, workload.nics, false)}`;
}
