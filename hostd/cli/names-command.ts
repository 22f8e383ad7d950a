// `vmoat names`: which names DNS gave addresses, as the VMs were told.
import type { Command } from 'commander';
import { LearnedName, Page } from '../api/schema.ts';
import { type Context, countOf, examples, outputOption } from './context.ts';
import { clockTime, duration } from './quantity.ts';
import { type Column, table } from './table.ts';
import { safeJson } from './terminal.ts';

const LAST_DEFAULT = 100;
const PAGE_MAX = 1000;

interface NamesOptions {
  name?: string;
  address?: string;
  vm?: string;
  nic?: string;
  last?: number;
  output: 'table' | 'json';
}

export function namesCommand(program: Command, context: Context): void {
  program
    .command('names')
    .description('names that DNS gave addresses, as the VMs were told, the newest first')
    .option('--name <glob>', 'names like this: * stands for any characters, ? for one')
    .option('--address <address>', 'names of this address')
    .option('--vm <vm>', 'asked by this VM: name, UUID, or the beginning of the UUID')
    .option('--nic <tap>', 'asked by this NIC')
    .option('-n, --last <count>', `as many (${LAST_DEFAULT})`, countOf)
    .addOption(outputOption('table', 'json'))
    .addHelpText(
      'after',
      examples(
        'vmoat names',
        "vmoat names --name '*.example.org'",
        'vmoat names --address 192.0.2.1 --vm web-1',
        'vmoat names -n 100000 -o json | jq -r .name | sort -u',
      ),
    )
    .action((options: NamesOptions) => list(options, context));
}

async function list(options: NamesOptions, context: Context): Promise<void> {
  const { terminal } = context;
  const names = await newest(options, context);
  if (options.output === 'json') terminal.out(names.map((name) => `${safeJson(name)}\n`).join(''));
  else terminal.out(table(terminal, columns(context.now()), names));
}

async function newest(options: NamesOptions, context: Context): Promise<LearnedName[]> {
  const { name, address, vm, nic, last: wanted = LAST_DEFAULT } = options;
  const found: LearnedName[] = [];
  let cursor: string | undefined;
  while (found.length < wanted) {
    const limit = String(Math.min(PAGE_MAX, wanted - found.length));
    const query = { name, address, workload: vm, nic, limit, cursor };
    const page = await context.daemon().get(Page(LearnedName), '/names', query);
    found.push(...page.items);
    if (page.next === null) break;
    cursor = page.next;
  }
  return found;
}

const columns = (now_ms: number): Column<LearnedName>[] => [
  { title: 'NAME', text: ({ name }) => name },
  { title: 'ADDRESS', text: ({ address }) => address },
  { title: 'ASKED BY', text: ({ workloadName, nic }) => workloadName || nic || '-' },
  { title: 'SERVER', text: ({ server }) => server },
  { title: 'TTL', text: ({ ttl }) => duration(ttl * 1000), right: true },
  { title: 'LEFT', text: ({ until }) => duration(Date.parse(until) - now_ms), right: true },
  { title: 'SEEN', text: ({ seen }) => clockTime(seen, now_ms), style: () => 'dim' },
];
