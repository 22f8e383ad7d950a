// `vmoat violations`: what no rule allows, and that somebody has seen to it.
import { type Command, Option } from 'commander';
import { Violation, Violations } from '../api/schema.ts';
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
    .option('--port <number>', "the server's port")
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
  ackCommand(violations, context);
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

interface AckOptions {
  note?: string;
  undo?: boolean;
  output: string;
}

function ackCommand(violations: Command, context: Context): void {
  violations
    .command('ack')
    .description('say that you have seen to violations, which then are listed no more; root only')
    .argument('<id...>', 'as the list shows it')
    .option('--note <text>', 'why, for whoever comes next')
    .addOption(new Option('--undo', 'take it back').conflicts('note'))
    .addOption(outputOption('table', 'json'))
    .addHelpText(
      'after',
      examples(
        "sudo vmoat violations ack q3Xk0ZbT81vRw2aN --note 'known'",
        'sudo vmoat violations ack q3Xk0ZbT81vRw2aN --undo',
      ),
    )
    .action(async (ids: string[], options: AckOptions) => {
      for (const id of ids) await acknowledge(id, options, context);
    });
}

async function acknowledge(id: string, options: AckOptions, context: Context): Promise<void> {
  const { note = '', undo, output } = options;
  const { terminal } = context;
  const path = `/violations/${encodeURIComponent(id)}/acknowledge`;
  const admin = context.admin();
  const violation = undo
    ? await admin.delete(Violation, path, {})
    : await admin.post(Violation, path, { note });
  if (output === 'json') return printJson(terminal, violation);
  const done = undo ? 'open again' : `acknowledged by ${violation.acknowledged?.by ?? '-'}`;
  terminal.out(`${styled(terminal, null, `${violation.id}: ${done}`)}\n`);
}
