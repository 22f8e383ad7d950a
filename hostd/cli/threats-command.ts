// `vmoat threats`: attacks that were seen, what is known of each, and that somebody has seen to it.
import { type Command, Option } from 'commander';
import { Page, Threat, ThreatGroup, ThreatKind } from '../api/schema.ts';
import { ackCommand } from './ack-command.ts';
import { type Context, countOf, examples, outputOption, printJson } from './context.ts';
import { safeJson, styled } from './terminal.ts';
import { groupTable, kindTable, threatText } from './threat-text.ts';
import { groupQuery, newestThreats, type ThreatsOptions } from './threats-ask.ts';
import { followThreats } from './threats-follow.ts';

const LAST_DEFAULT = 50;
const PAGE_MAX = 1000;

export function threatsCommand(program: Command, context: Context): void {
  const threats = program
    .command('threats')
    .description('attacks that nobody has acknowledged, the worst first; one line for what one source does')
    .option('-f, --follow', 'print incidents as they begin')
    .option('-n, --last <count>', `as many (${LAST_DEFAULT}; with -f 10)`, countOf)
    .option('--since <time>', 'only those seen since: 90s, 15m, 2h, 7d ago, or RFC 3339')
    .option('--vm <end>', 'either end: name, UUID or address; also host, external')
    .option('--group <group>', 'either end is in this group')
    .addOption(
      new Option('--severity <severity>', 'this severe or worse').choices([
        'low',
        'medium',
        'high',
        'critical',
      ]),
    )
    .option('--name <threat>', 'this threat; vmoat threats kinds lists them')
    .option('--grep <text>', 'text in names, addresses, evidence, notes')
    .option('--all', 'also those that were acknowledged')
    .addOption(outputOption('table', 'json', 'id'))
    .addHelpText(
      'after',
      examples(
        'vmoat threats',
        'vmoat threats -f --severity high',
        'vmoat threats --since 24h --vm web-1 --all',
        'vmoat threats show 3f0c1a2b-17',
        "vmoat threats ack 3f0c1a2b-17 --alike --note 'our own scanner'",
      ),
    )
    .action((options: ThreatsOptions) => list(options, context));
  showCommand(threats, context);
  kindsCommand(threats, context);
  ackCommand(
    threats,
    {
      description: 'say that you have seen to incidents, which then are open no more; root only',
      examples: [
        "sudo vmoat threats ack 3f0c1a2b-17 --note 'our own scanner'",
        'sudo vmoat threats ack 3f0c1a2b-17 --alike',
        'sudo vmoat threats ack 3f0c1a2b-17 --undo',
      ],
      path: '/threats',
      schema: Threat,
      called: ({ id, name }) => `${id}  ${name}`,
      alike: 'and all of the same threat and source',
    },
    context,
  );
}

async function list(options: ThreatsOptions, context: Context): Promise<void> {
  if (options.follow) return followThreats(options, context);
  const wanted = options.last ?? LAST_DEFAULT;
  const { terminal } = context;
  if (options.output === 'id') {
    const found = await newestThreats(options, context, wanted);
    terminal.out(found.map(({ id }) => `${styled(terminal, null, id)}\n`).join(''));
    return;
  }
  const query = { ...groupQuery(options), limit: String(Math.min(PAGE_MAX, Math.max(1, wanted))) };
  const page = await context.daemon().get(Page(ThreatGroup), '/threat-groups', query);
  const groups = page.items.slice(0, wanted);
  if (options.output === 'json') terminal.out(groups.map((group) => `${safeJson(group)}\n`).join(''));
  else terminal.out(groupTable(groups, terminal, context.now()));
}

function showCommand(threats: Command, context: Context): void {
  threats
    .command('show')
    .description('every field of one incident')
    .argument('<id>', 'as the list shows it')
    .addOption(outputOption('table', 'json'))
    .addHelpText(
      'after',
      examples('vmoat threats show 3f0c1a2b-17', 'vmoat threats show 3f0c1a2b-17 -o json'),
    )
    .action(async (id: string, options: { output: string }) => {
      const { terminal } = context;
      const threat = await context.daemon().get(Threat, `/threats/${encodeURIComponent(id)}`);
      if (options.output === 'json') return printJson(terminal, threat);
      const kinds = await kindsOf(context);
      const kind = kinds.find(({ name }) => name === threat.name);
      terminal.out(threatText(threat, kind, terminal));
    });
}

const kindsOf = async (context: Context): Promise<ThreatKind[]> =>
  (await context.daemon().get(Page(ThreatKind), '/threat-kinds')).items;

function kindsCommand(threats: Command, context: Context): void {
  threats
    .command('kinds')
    .description('what vmoat-dp looks for: severity, meaning, what protect would do')
    .addOption(outputOption('table', 'json', 'name'))
    .addHelpText('after', examples('vmoat threats kinds', 'vmoat threats kinds -o json | jq .[0].thresholds'))
    .action(async ({ output }: { output: string }) => {
      const { terminal } = context;
      const kinds = await kindsOf(context);
      if (output === 'json') printJson(terminal, kinds);
      else if (output === 'name')
        terminal.out(kinds.map(({ name }) => `${styled(terminal, null, name)}\n`).join(''));
      else terminal.out(kindTable(kinds, terminal));
    });
}
