// `vmoat flows`: the flows of now and of the last days; -f follows what happens.
import { type Command, Option } from 'commander';
import { type Context, countOf, examples, outputOption } from './context.ts';
import { type FlowsOptions, flowsText, newest } from './flows-ask.ts';
import { follow } from './flows-follow.ts';

const LAST_DEFAULT = 50;

export function flowsCommand(program: Command, context: Context): void {
  program
    .command('flows')
    .description('the flows of now and of the last days, the newest last')
    .option('-f, --follow', 'go on printing what is new')
    .option('--updates', 'with -f: print every change of a flow, not only its beginning, recognition and end')
    .option('-n, --last <count>', `as many of the newest (${LAST_DEFAULT}; with -f 10)`, countOf)
    .option('--since <time>', 'only those seen since: 90s, 15m, 2h, 7d ago, or RFC 3339')
    .option('--until <time>', 'only those that began before')
    .option('--from <end>', 'client: name, UUID or address; also host, external')
    .option('--to <end>', 'server, named likewise')
    .option('--vm <end>', 'either end, named likewise')
    .option('--group <group>', 'either end is in this group')
    .option('--app <app>', 'application, such as http or tls; unknown: not recognised')
    .option('--proto <protocol>', 'tcp, udp, icmp, …')
    .option(
      '--port <port>',
      "the server's port, of ICMP the type; or as in a rule: tcp/443, udp/5000-5999, icmp/8",
    )
    .addOption(new Option('--verdict <verdict>', 'what was decided').choices(['allow', 'deny', 'violation']))
    .option('--grep <text>', 'text in names, addresses, facts, threats, anomalies')
    .addOption(outputOption('table', 'compact', 'json').default(undefined, 'table; compact with -f'))
    .addHelpText(
      'after',
      examples(
        'vmoat flows -f',
        'vmoat flows --since 15m --from web-1 --app postgresql',
        'vmoat flows --last 1000 -o json | jq .app',
      ),
    )
    .action((options: FlowsOptions) => flows(options, context));
}

async function flows(options: FlowsOptions, context: Context): Promise<void> {
  if (options.follow) return follow(options, context);
  const found = await newest(options, context, options.last ?? LAST_DEFAULT);
  context.terminal.out(flowsText(found, options.output ?? 'table', context));
}
