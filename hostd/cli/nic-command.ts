// `vmoat nic list`: every NIC, how it is tapped, or why it is not.
import type { Command } from 'commander';
import { Nic, Page } from '../api/schema.ts';
import { type Context, examples, outputOption, printJson } from './context.ts';
import { bytes } from './quantity.ts';
import { type Column, table } from './table.ts';
import type { Terminal } from './terminal.ts';

export function nicCommand(program: Command, context: Context): void {
  const nic = program.command('nic').description('the NICs of the VMs');
  nic
    .command('list')
    .description('all NICs, also those that cannot be tapped, with the reason')
    .addOption(outputOption('table', 'json'))
    .addHelpText(
      'after',
      examples('vmoat nic list', `vmoat nic list -o json | jq '.[] | select(.hook == "none")'`),
    )
    .action(async (options: { output: string }) => {
      const { items } = await context.daemon().get(Page(Nic), '/nics');
      if (options.output === 'json') printJson(context.terminal, items);
      else context.terminal.out(nicTable(context.terminal, items, true));
    });
}

const plugged = (nic: Nic): string => nic.network ?? nic.segment ?? nic.source;

const COLUMNS: Column<Nic>[] = [
  { title: 'TAP', text: (nic) => nic.tap ?? '' },
  { title: 'MAC', text: (nic) => nic.mac },
  { title: 'IN', text: plugged },
  { title: 'HOOK', text: (nic) => nic.hook, style: (nic) => (nic.hook === 'none' ? 'yellow' : 'green') },
  { title: 'SENT', text: (nic) => bytes(nic.bytes[0]), right: true },
  { title: 'RECEIVED', text: (nic) => bytes(nic.bytes[1]), right: true },
  {
    title: 'LOST',
    text: (nic) => String(nic.lost),
    style: (nic) => (nic.lost > 0 ? 'red' : null),
    right: true,
  },
  { title: 'ADDRESSES', text: (nic) => nic.addresses.map((known) => known.address).join(', ') },
  { title: 'NOTE', text: (nic) => nic.reason },
];
const VM: Column<Nic> = { title: 'VM', text: (nic) => nic.workloadName };

export const nicTable = (terminal: Terminal, nics: readonly Nic[], withVm: boolean): string =>
  table(terminal, withVm ? [VM, ...COLUMNS] : COLUMNS, nics);
