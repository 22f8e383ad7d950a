// `vmoat token`: tokens for programs that use the API over HTTPS.
import { type Command, Option } from 'commander';
import { z } from 'zod';
import { ApiToken, NewToken, Page, Role } from '../api/schema.ts';
import { type Context, examples, outputOption, printJson } from './context.ts';
import { clockTime } from './quantity.ts';
import { type Column, table } from './table.ts';
import { styled } from './terminal.ts';

export function tokenCommand(program: Command, context: Context): void {
  const token = program.command('token').description('tokens for programs that use the API over HTTPS');
  createCommand(token, context);
  listCommand(token, context);
  revokeCommand(token, context);
  scopesCommand(token, context);
}

interface CreateOptions {
  name: string;
  role: string;
  scope?: string[];
  expires: string;
  output: string;
}

const gathered = (value: string, before: string[] | undefined): string[] => [
  ...(before ?? []),
  ...value.split(','),
];

function createCommand(token: Command, context: Context): void {
  token
    .command('create')
    .description('make a token; its secret is shown this once; root only')
    .requiredOption('--name <name>', 'what lists and the audit log call it')
    .addOption(
      new Option('--role <role>', 'what it may at most').choices([...Role.options]).default('viewer'),
    )
    .option(
      '--scope <scope>',
      'only this of what the role may, such as flows:read; may be repeated',
      gathered,
    )
    .option('--expires <when>', 'how long it is valid (12h, 30d; at most 366d), or RFC 3339', '90d')
    .addOption(outputOption('table', 'json'))
    .addHelpText(
      'after',
      examples(
        'sudo vmoat token create --name ci --role viewer --scope flows:read --expires 30d',
        'sudo vmoat token create --name grafana --scope metrics:read --scope graph:read -o json | jq -r .secret',
      ),
    )
    .action(async ({ name, role, scope: scopes, expires, output }: CreateOptions) => {
      const { terminal } = context;
      const body = { name, role, ...(scopes && { scopes }), expires };
      const made = await context.admin().post(NewToken, '/tokens', body);
      if (output === 'json') return printJson(terminal, made);
      const { id, expires: ends } = made.token;
      terminal.out(`${styled(terminal, 'bold', made.secret)}\n`);
      terminal.err(`token ${id} (${name}), valid until ${ends}; the secret is not shown again\n`);
    });
}

const columns = (now_ms: number): Column<ApiToken>[] => [
  { title: 'NAME', text: ({ name }) => name },
  { title: 'ROLE', text: ({ role }) => role },
  { title: 'SCOPES', text: ({ scopes }) => scopes?.join(',') ?? 'all' },
  {
    title: 'EXPIRES',
    text: ({ expires }) =>
      Date.parse(expires) <= now_ms ? 'expired' : expires.slice(0, 16).replace('T', ' '),
    style: ({ expires }) => (Date.parse(expires) <= now_ms ? 'red' : null),
  },
  { title: 'LAST USED', text: ({ lastUsed }) => (lastUsed ? clockTime(lastUsed, now_ms) : 'never') },
  { title: 'BY', text: ({ by }) => by },
  { title: 'ID', text: ({ id }) => id, style: () => 'dim' },
];

function listCommand(token: Command, context: Context): void {
  token
    .command('list')
    .description('all tokens; root only')
    .addOption(outputOption('table', 'json', 'name'))
    .addHelpText('after', examples('sudo vmoat token list', 'sudo vmoat token list -o json'))
    .action(async ({ output }: { output: string }) => {
      const { terminal, now } = context;
      const { items } = await context.admin().get(Page(ApiToken), '/tokens');
      if (output === 'json') printJson(terminal, items);
      else if (output === 'name')
        terminal.out(items.map(({ name }) => `${styled(terminal, null, name)}\n`).join(''));
      else terminal.out(table(terminal, columns(now()), items));
    });
}

function revokeCommand(token: Command, context: Context): void {
  token
    .command('revoke')
    .description('make tokens void at once; root only')
    .argument('<token...>', 'name or id')
    .addOption(outputOption('table', 'json'))
    .addHelpText('after', examples('sudo vmoat token revoke ci'))
    .action(async (wanted: string[], { output }: { output: string }) => {
      const { terminal } = context;
      for (const each of wanted) {
        const gone = await context.admin().delete(ApiToken, `/tokens/${encodeURIComponent(each)}`, {});
        if (output === 'json') printJson(terminal, gone);
        else terminal.out(`${styled(terminal, null, `${gone.name}  ${gone.id}: revoked`)}\n`);
      }
    });
}

function scopesCommand(token: Command, context: Context): void {
  token
    .command('scopes')
    .description('every scope that a token can be given')
    .addOption(outputOption('name', 'json'))
    .addHelpText('after', examples('vmoat token scopes', 'vmoat token scopes -o json'))
    .action(async ({ output }: { output: string }) => {
      const { items } = await context.daemon().get(Page(z.string()), '/scopes');
      if (output === 'json') printJson(context.terminal, items);
      else context.terminal.out(items.map((scope) => `${scope}\n`).join(''));
    });
}
