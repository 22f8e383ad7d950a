// `vmoat violations`: what no rule allows, and that somebody has seen to it.
import type { Command } from 'commander';
import { Violation, Violations } from '../api/schema.ts';
import { ackCommand } from './ack-command.ts';
import { type Context, countOf, examples, outputOption, printJson } from './context.ts';
import { safeJson, styled } from './terminal.ts';
import { violationTable, violationText } from './violation-text.ts';

interface ViolationsOptions {
  since?: string;
  until?: string;
  from?: string;
  to?: string;
  vm?: string;
  app?: string;
  proto?: string;
  port?: string;
  each?: number;
  all?: boolean;
  output: string;
}

export function violationsCommand(program: Command, context: Context): void {
  const violations = program
    .command('violations')
    .description('traffic that no rule allows where a group is in monitor or protect, or that a rule denies')
    .option('--since <time>', 'only those seen since: 90s, 15m, 2h, 7d ago, or RFC 3339')
    .option('--until <time>', 'only those before')
    .option('--from <end>', 'the client: name, UUID or address; also host, external')
    .option('--to <end>', 'the server, likewise')
    .option('--vm <end>', 'either end')
    .option('--app <name>', 'application; unknown: not recognised')
    .option('--proto <keyword>', 'tcp, udp, icmp, …')
    .option(
      '--port <port>',
      "the server's port, of ICMP the type; or as in a rule: tcp/443, udp/5000-5999, icmp/8",
    )
    .option('--each <count>', 'as many of each source (50)', countOf)
    .option('--all', 'also those that were acknowledged')
    .addOption(outputOption('table', 'json', 'id'))
    .addHelpText(
      'after',
      examples(
        'vmoat violations',
        'vmoat violations --since 1h --from web-1',
        'vmoat violations show q3Xk0ZbT81vRw2aN',
        "vmoat violations ack q3Xk0ZbT81vRw2aN --note 'will be gone with the old backup'",
        'vmoat flows -f --verdict violation',
      ),
    )
    .action((options: ViolationsOptions) => list(options, context));
  showCommand(violations, context);
  ackCommand(
    violations,
    {
      description: 'say that you have seen to violations, which then are listed no more; root only',
      examples: [
        "sudo vmoat violations ack q3Xk0ZbT81vRw2aN --note 'known'",
        'sudo vmoat violations ack q3Xk0ZbT81vRw2aN --undo',
      ],
      path: '/violations',
      schema: Violation,
      called: ({ id }) => id,
    },
    context,
  );
}

async function list(options: ViolationsOptions, context: Context): Promise<void> {
  const { vm, each, all, output, ...rest } = options;
  const query = {
    ...rest,
    workload: vm,
    each: each === undefined ? undefined : String(each),
    acknowledged: all ? undefined : 'no',
  };
  const found = await context.daemon().get(Violations, '/violations', query);
  const { terminal } = context;
  if (output === 'json') terminal.out(found.items.map((item) => `${safeJson(item)}\n`).join(''));
  else if (output === 'id')
    terminal.out(found.items.map(({ id }) => `${styled(terminal, null, id)}\n`).join(''));
  else terminal.out(violationTable(found, terminal, context.now()));
}

function showCommand(violations: Command, context: Context): void {
  violations
    .command('show')
    .description('every field of one violation')
    .argument('<id>', 'as the list shows it')
    .addOption(outputOption('table', 'json'))
    .addHelpText('after', examples('vmoat violations show q3Xk0ZbT81vRw2aN'))
    .action(async (id: string, { output }: { output: string }) => {
      const violation = await context.daemon().get(Violation, `/violations/${encodeURIComponent(id)}`);
      if (output === 'json') printJson(context.terminal, violation);
      else context.terminal.out(violationText(violation, context.terminal));
    });
}
