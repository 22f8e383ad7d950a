// `vmoat nic`: every NIC, how it is tapped and protected, or why it is not.
import type { Command } from 'commander';
import { Nic, Page } from '../api/schema.ts';
import { VmoatError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { type Context, examples, outputOption, printJson } from './context.ts';
import { nicTable, nicText } from './nic-text.ts';
import { safeJson, styled, type Terminal } from './terminal.ts';

export function nicCommand(program: Command, context: Context): void {
  const nic = program.command('nic').description('the NICs of the VMs');
  nic
    .command('list')
    .description('all NICs, also those that cannot be tapped, with the reason')
    .addOption(outputOption('table', 'json', 'name'))
    .addHelpText(
      'after',
      examples(
        'vmoat nic list',
        `vmoat nic list -o json | jq '.[] | select(.hook == "none")'`,
        `vmoat nic list -o json | jq '.[] | select(.protection.state == "inline") | .protection.frames'`,
      ),
    )
    .action(async (options: { output: string }) => {
      const { items } = await context.daemon().get(Page(Nic), '/nics');
      context.terminal.out(listText(items, options.output, context.terminal));
    });
  nic
    .command('show')
    .description('one NIC: how it is tapped, what carries its verdicts out, and what became of its frames')
    .argument('<nic>', 'its tap or its MAC address')
    .addOption(outputOption('table', 'json'))
    .addHelpText('after', examples('vmoat nic show vnet3', 'vmoat nic show vnet3 -o json | jq .protection'))
    .action(async (name: string, options: { output: string }) => {
      const { items } = await context.daemon().get(Page(Nic), '/nics');
      const found = named(items, name);
      if (options.output === 'json') printJson(context.terminal, found);
      else context.terminal.out(nicText(context.terminal, found));
    });
}

function listText(nics: readonly Nic[], output: string, terminal: Terminal): string {
  if (output === 'json') return `${safeJson(nics, 2)}\n`;
  if (output === 'name')
    return nics.map(({ tap }) => (tap ? `${styled(terminal, null, tap)}\n` : '')).join('');
  return nicTable(terminal, nics, true);
}

function named(nics: readonly Nic[], name: string): Nic {
  const found = nics.find(({ tap, mac }) => tap === name || mac === name.toLowerCase());
  if (found) return found;
  const near = [
    ...tapsOf(nics, name),
    ...nearest(
      name,
      nics.flatMap(({ tap }) => tap ?? []),
    ),
  ];
  throw new VmoatError('not_found', `there is no NIC ${JSON.stringify(name)}`, {
    hint: near.length > 0 ? `did you mean ${near.join(', ')}?` : '`vmoat nic list` lists them',
  });
}

/** Of the VMs that the name could mean: people know those better than taps. */
function tapsOf(nics: readonly Nic[], name: string): string[] {
  const vms = nearest(name, new Set(nics.map(({ workloadName }) => workloadName)));
  return nics.flatMap(({ workloadName, tap }) => (tap && vms.includes(workloadName) ? tap : []));
}
