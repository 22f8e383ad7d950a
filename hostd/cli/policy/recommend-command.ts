// `vmoat policy recommend`: rules for what was seen, to be looked at, or written into the policy.
import { type Command, Option } from 'commander';
import { type LearnedRule, Recommendation } from '../../policy/advice/shapes.ts';
import { PolicyVersion } from '../../policy/shapes.ts';
import { type Context, examples, outputOption, printJson } from '../context.ts';
import { clockTime, short } from '../quantity.ts';
import { type Column, table } from '../table.ts';
import { styled, type Terminal } from '../terminal.ts';
import { versionLine } from './version-text.ts';

interface RecommendOptions {
  compaction: string;
  since?: string;
  until?: string;
  accept?: boolean;
  reason?: string;
  output: string;
}

export function recommendCommand(policy: Command, context: Context): void {
  policy
    .command('recommend')
    .description('rules that allow what was seen and no rule allows yet; attacks are never learned from')
    .addOption(
      new Option('--compaction <level>', '0 as seen, 1 ports as ranges, 2 services for VMs, 3 any port')
        .choices(['0', '1', '2', '3'])
        .default('1'),
    )
    .option('--since <time>', 'begin of the window: 2h, 7d ago, or RFC 3339 (7d)')
    .option('--until <time>', 'end of the window')
    .option('--accept', 'write them into the policy that is live; root only')
    .option('--reason <text>', 'why, for the log')
    .addOption(outputOption('table', 'yaml', 'json'))
    .addHelpText(
      'after',
      examples(
        'vmoat policy recommend --compaction 2',
        'vmoat policy recommend -o yaml > recommended.yaml',
        "sudo vmoat policy recommend --since 24h --accept --reason 'first day'",
      ),
    )
    .action((options: RecommendOptions) => run(options, context));
}

async function run(options: RecommendOptions, context: Context): Promise<void> {
  const { compaction, since, until, reason = '', output } = options;
  const { terminal } = context;
  const query = { compaction, since, until };
  if (options.accept) {
    const version = await context
      .admin()
      .post(PolicyVersion, '/policy/recommendation/accept', { reason }, query);
    if (output === 'json') return printJson(terminal, version);
    return terminal.out(versionLine(version, terminal, context.now()));
  }
  const found = await context.daemon().get(Recommendation, '/policy/recommendation', query);
  if (output === 'json') return printJson(terminal, found);
  if (output === 'yaml') return terminal.out(found.text);
  terminal.out(ruleTable(found.rules, terminal, context.now()));
  const left = Object.entries(found.left).map(([why, flows]) => `${short(flows)} flows: ${why}`);
  const rest = [`${short(found.ruled)} flows are allowed by rules already`, ...left];
  terminal.err(rest.map((line) => `${styled(terminal, 'dim', line)}\n`).join(''));
}

const columns = (now_ms: number): Column<LearnedRule>[] => [
  { title: 'FROM', text: ({ from }) => from },
  { title: 'TO', text: ({ to }) => to },
  { title: 'APPLICATIONS', text: ({ applications }) => applications.join(', ') || 'any' },
  { title: 'PORTS', text: ({ ports }) => portsText(ports) },
  { title: 'FLOWS', text: ({ provenance }) => short(provenance.flows), right: true },
  { title: 'CONFIDENCE', text: ({ provenance }) => provenance.confidence },
  { title: 'LAST', text: ({ provenance }) => clockTime(provenance.last, now_ms), style: () => 'dim' },
];

const PORTS_SHOWN = 4;
const portsText = (ports: readonly string[]): string =>
  ports.length > PORTS_SHOWN
    ? `${ports.slice(0, PORTS_SHOWN).join(', ')} and ${ports.length - PORTS_SHOWN} more`
    : ports.join(', ') || 'any';

export const ruleTable = (rules: readonly LearnedRule[], terminal: Terminal, now_ms: number): string =>
  table(terminal, columns(now_ms), rules);
