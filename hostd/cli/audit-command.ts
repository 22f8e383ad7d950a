// `vmoat audit`: who changed what.
import type { Command } from 'commander';
import { AuditEntry, Page } from '../api/schema.ts';
import { type Context, countOf, examples, outputOption } from './context.ts';
import { clockTime } from './quantity.ts';
import { type Column, table } from './table.ts';
import { safeJson } from './terminal.ts';

const LAST_DEFAULT = 50;
const PAGE_MAX = 1000;

interface AuditOptions {
  since?: string;
  until?: string;
  user?: string;
  last?: number;
  output: string;
}

export function auditCommand(program: Command, context: Context): void {
  program
    .command('audit')
    .description('who changed what, and what was refused, the newest last; root only')
    .option('--since <time>', 'only entries since: 90s, 15m, 2h, 7d ago, or RFC 3339')
    .option('--until <time>', 'only entries before')
    .option('--user <user>', 'only what this user did, such as ann or token:ci')
    .option('-n, --last <count>', `as many of the newest (${LAST_DEFAULT})`, countOf)
    .addOption(outputOption('table', 'json'))
    .addHelpText(
      'after',
      examples('sudo vmoat audit --since 7d', 'sudo vmoat audit --user token:ci -o json | jq .action'),
    )
    .action((options: AuditOptions) => audit(options, context));
}

async function audit({ since, until, user, last, output }: AuditOptions, context: Context): Promise<void> {
  const wanted = last ?? LAST_DEFAULT;
  const found: AuditEntry[] = [];
  let cursor: string | undefined;
  while (found.length < wanted) {
    const limit = String(Math.min(PAGE_MAX, wanted - found.length));
    const query = { since, until, user, limit, cursor };
    const page = await context.admin().get(Page(AuditEntry), '/audit', query);
    found.push(...page.items);
    if (page.next === null) break;
    cursor = page.next;
  }
  const { terminal, now } = context;
  found.reverse();
  if (output === 'json') terminal.out(found.map((entry) => `${safeJson(entry)}\n`).join(''));
  else terminal.out(table(terminal, columns(now()), found));
}

const columns = (now_ms: number): Column<AuditEntry>[] => [
  { title: 'TIME', text: ({ at }) => clockTime(at, now_ms), style: () => 'dim' },
  { title: 'WHO', text: ({ user }) => user },
  { title: 'FROM', text: ({ from }) => from },
  { title: 'ACTION', text: ({ action }) => action },
  { title: 'TARGET', text: ({ target }) => target ?? '' },
  {
    title: 'RESULT',
    text: ({ result, code }) => (code ? `${result}: ${code}` : result),
    style: ({ result }) => (result === 'done' ? 'green' : 'red'),
  },
  { title: 'BEFORE', text: ({ before }) => before ?? '' },
  { title: 'AFTER', text: ({ after }) => after ?? '' },
];
