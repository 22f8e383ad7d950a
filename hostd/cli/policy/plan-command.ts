// `vmoat policy plan`: what a policy would have done to the traffic that was seen.

import type { Command } from 'commander';
import { service } from '../../base/service-text.ts';
import { type PlannedChange, PolicyPlan } from '../../policy/advice/shapes.ts';
import { withoutBase } from '../../policy/base-version.ts';
import { readPolicy } from '../../policy/document/parse.ts';
import { type Context, examples, outputOption, printJson } from '../context.ts';
import { clockTime, short } from '../quantity.ts';
import { type Column, table } from '../table.ts';
import { type Style, styled, type Terminal } from '../terminal.ts';
import { fileName, fileText } from './policy-file.ts';

interface PlanOptions {
  since?: string;
  until?: string;
  output: string;
}

export function planCommand(policy: Command, context: Context): void {
  policy
    .command('plan')
    .description('what a policy would change for the traffic that was seen, and what that leaves unsaid')
    .argument('[file]', 'the policy to try, - for standard input; what is live if not given')
    .option('--since <time>', 'begin of the window: 2h, 7d ago, or RFC 3339 (7d)')
    .option('--until <time>', 'end of the window')
    .addOption(outputOption('table', 'json'))
    .addHelpText(
      'after',
      examples(
        'vmoat policy plan policy.yaml',
        'vmoat policy plan policy.yaml --since 24h -o json | jq .changes[].from.name',
        'vmoat policy plan                  # what the live one says, and what nobody exercised',
      ),
    )
    .action((file: string | undefined, options: PlanOptions) => run(file, options, context));
}

async function run(file: string | undefined, options: PlanOptions, context: Context): Promise<void> {
  const { since, until, output } = options;
  const { terminal } = context;
  const text = file === undefined ? undefined : withoutBase(fileText(file));
  if (file !== undefined && text !== undefined) readPolicy(text, fileName(file));
  const body = { ...(text !== undefined && { text }), ...(since && { since }), ...(until && { until }) };
  const plan = await context.best().post(PolicyPlan, '/policy/plan', body);
  if (output === 'json') return printJson(terminal, plan);
  terminal.out(planText(plan, terminal, context.now()));
}

const STYLES: Record<PlannedChange['change'], Style> = {
  denied: 'red',
  violating: 'yellow',
  allowed: 'green',
  covered: 'green',
};
const endOf = ({ name, address }: PlannedChange['from']): string => (address ? `${name} (${address})` : name);
const byOf = ({ ruleAfter }: PlannedChange): string => (ruleAfter === null ? 'no rule' : `rule ${ruleAfter}`);

const columns = (now_ms: number): Column<PlannedChange>[] => [
  { title: 'CHANGE', text: ({ change }) => change, style: ({ change }) => STYLES[change] },
  { title: 'FROM', text: ({ from }) => endOf(from) },
  { title: 'TO', text: ({ to }) => endOf(to) },
  { title: 'APP', text: ({ app }) => app ?? 'unknown' },
  { title: 'SERVICE', text: ({ proto, port }) => service(proto, port) },
  { title: 'DIRECTION', text: ({ direction }) => direction },
  { title: 'FLOWS', text: ({ flows }) => short(flows), right: true },
  { title: 'LAST', text: ({ last }) => clockTime(last, now_ms), style: () => 'dim' },
  { title: 'BY', text: byOf },
  { title: 'EXAMPLE', text: ({ example }) => example, style: () => 'dim' },
];

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

function planText(plan: PolicyPlan, terminal: Terminal, now_ms: number): string {
  const { flows, services, outcomes, changes, coverage } = plan;
  const { hours, windowHours, weekdays, groupsUnseen, applicationsUnseen, rulesUnseen } = coverage;
  const days = weekdays.map((day) => DAYS[day - 1] ?? '').join(' ');
  const unseen = (what: string, names: readonly string[]): string[] =>
    names.length ? [`${what}: ${names.join(', ')}`] : [];
  const lines = [
    `${short(flows)} flows of ${short(services)} services: ${short(outcomes.allow ?? 0)} allowed, ${short(outcomes.violation ?? 0)} violations, ${short(outcomes.deny ?? 0)} denied`,
    `seen in ${hours} of ${windowHours} hours${days && ` (${days})`}`,
    ...unseen('no VM seen of', groupsUnseen),
    ...unseen('not spoken', applicationsUnseen),
    ...unseen('rules that decided nothing', rulesUnseen),
  ];
  const shown = changes.length ? table(terminal, columns(now_ms), changes) : 'nothing would change\n';
  return `${shown}${lines.map((line) => `${styled(terminal, 'dim', line)}\n`).join('')}`;
}
