// `vmoat explain`: why the policy decides about a flow as it does.

import { type Command, Option } from 'commander';
import { service } from '../base/service-text.ts';
import { type EnforcedNic, Explanation } from '../policy/advice/shapes.ts';
import { type Context, examples, outputOption, printJson } from './context.ts';
import { clockTime, short } from './quantity.ts';
import { type Style, styled, type Terminal } from './terminal.ts';

interface ExplainOptions {
  from?: string;
  to?: string;
  port?: string;
  app?: string;
  output: string;
}

export function explainCommand(program: Command, context: Context): void {
  program
    .command('explain')
    .description('why the policy decides about a flow as it does: groups, modes, rules, verdict')
    .argument('[flow]', 'id of a flow that was recorded, as `vmoat flows` shows it')
    .addOption(new Option('--from <end>', 'the client: name, UUID, vm:NAME, host or address'))
    .option('--to <end>', 'the server, likewise')
    .option('--port <port>', 'tcp/5432, udp/53, icmp/8, proto/47')
    .option('--app <name>', 'the application; not known yet if not given')
    .addOption(outputOption('table', 'json'))
    .addHelpText(
      'after',
      examples(
        'vmoat explain --from vm:web-1 --to vm:db-1 --port tcp/5432 --app postgresql',
        'vmoat explain 5f2c9a01-1795181007727053739',
      ),
    )
    .action(async (flow: string | undefined, { output, ...asked }: ExplainOptions) => {
      const { terminal } = context;
      const explanation = await context.daemon().get(Explanation, '/policy/explanation', { flow, ...asked });
      if (output === 'json') printJson(terminal, explanation);
      else terminal.out(explanationText(explanation, terminal, context.now()));
    });
}

const MATCHES: Record<Explanation['rules'][number]['match'], string> = {
  matched: 'matches',
  maybe: 'may match: the application is not known yet',
  port: 'other ports',
  application: 'another application',
  unknown: 'the application stays unknown',
  guess: 'the application is a guess, which no allow rule takes',
  byPort: 'matches by its ports: the flow is older than its tap',
};

export function explanationText(explanation: Explanation, terminal: Terminal, now_ms: number): string {
  const { proto, port, app, rules, rulesLeftOut, reversed, recorded } = explanation;
  const line = (name: string, text: string, style: Style | null = null): string =>
    `${styled(terminal, 'bold', name.padEnd(9))}  ${styled(terminal, style, text)}\n`;
  const ends = (['from', 'to'] as const).flatMap((side) => endLines(side, explanation[side], line));
  return [
    ...ends,
    line('service', `${service(proto, port)}, ${app ?? 'application not known'}`),
    reversed ? line('direction', 'inferred; the answer is for the other way round') : '',
    ...rules.map((rule) =>
      line('rule', `${rule.id}${place(rule.line)}: ${MATCHES[rule.match]}; ${usedText(rule, now_ms)}`),
    ),
    rulesLeftOut > 0 ? line('rule', `and ${rulesLeftOut} before them that did not match`) : '',
    rules.length === 0 ? line('rule', 'none speaks of these two') : '',
    line('verdict', verdictText(explanation), explanation.verdict === 'deny' ? 'red' : null),
    ...enforcementTexts(explanation).map((text) => line('enforcer', text)),
    recorded
      ? line('recorded', recordedText(recorded, explanation), recorded.verdict === 'deny' ? 'red' : null)
      : '',
  ].join('');
}

const usedText = ({ flows, last }: Explanation['rules'][number], now_ms: number): string =>
  last === null
    ? 'has decided nothing yet'
    : `has decided ${short(flows)} flows, last ${clockTime(last, now_ms)}`;

const place = (line: number | null): string => (line === null ? ' (learned)' : ` (line ${line})`);

type Line = (name: string, text: string) => string;

function endLines(side: 'from' | 'to', end: Explanation['from'], line: Line): string[] {
  const { name, address } = end.end;
  const nics = end.nics.map(({ tap, segment }) => `${tap ?? '-'} in ${segment ?? '-'}`).join(', ');
  const groups = end.groups.map((group) => `${group.name} (${group.because})`).join(', ');
  return [
    line(
      side,
      `${name}${address && address !== name ? ` (${address})` : ''}${end.why ? `: ${end.why}` : ''}`,
    ),
    ...(nics ? [line('  nic', nics)] : []),
    line('  groups', groups),
    line(
      '  mode',
      end.mode === null
        ? 'none'
        : `${end.mode}, ${end.modeFrom === null ? 'the default' : `of ${end.modeFrom}`}`,
    ),
  ];
}

function verdictText({ verdict, final, violation, decidedBy, rule }: Explanation): string {
  if (verdict === null) return 'not before the application is known';
  if (final && decidedBy === null) return `${verdict}: neighbour discovery needs no rule`;
  const why = decidedBy === 'rule' ? `by rule ${rule}` : 'no rule matches: the modes decide';
  return `${verdict}${violation ? ' and a violation' : ''}, ${why}${final ? '' : '; the application may still make it a violation'}`;
}

/** What carries the verdict out at each NIC. */
function enforcementTexts(explanation: Explanation): string[] {
  const { panic, nics } = explanation.enforcement;
  const at = nics.map(
    (nic) => `${explanation[nic.side].end.name}, ${nic.tap ?? 'no tap'}: ${enforcedText(nic)}`,
  );
  return [
    ...(panic ? [`panic: nothing is dropped or held until ${panic.until}`] : []),
    ...(at.length > 0 ? at : ['none: neither end is a VM of this host']),
  ];
}

const enforcedText = ({ enforcer, reason, failPolicy, failSafePort }: EnforcedNic): string =>
  [
    reason ? `${enforcer ?? 'none'} (${reason})` : (enforcer ?? 'none'),
    ...(failPolicy ? [`fail policy ${failPolicy}`] : []),
    ...(failSafePort ? [`${failSafePort} is a fail-safe port and passes whatever the verdict`] : []),
  ].join('; ');

/** Of a denial also who asked for it. */
function recordedText(recorded: NonNullable<Explanation['recorded']>, explanation: Explanation): string {
  const { verdict, rule, violation, decidedBy, enforced } = recorded;
  const why = rule ? ` by rule ${rule}` : decidedBy ? ` by ${DECIDERS[decidedBy]}` : '';
  const whose = verdict === 'deny' && decidedBy === 'mode' ? ` of ${protectingText(explanation)}` : '';
  const became = enforced ? `; ${enforced}` : '';
  return `${verdict ?? 'no verdict'}${violation ? ' and a violation' : ''}${why}${whose}${became}`;
}

const DECIDERS: Record<NonNullable<NonNullable<Explanation['recorded']>['decidedBy']>, string> = {
  rule: 'a rule that is no more',
  mode: 'the mode',
  failPolicy: 'the fail policy',
  panic: 'panic',
};

/** The ends in protect as of now, with what puts them there. */
function protectingText({ from, to }: Explanation): string {
  const ends = [from, to].filter(({ mode }) => mode === 'protect');
  const texts = ends.map(
    ({ end, modeFrom }) => `${end.name} (protect, ${modeFrom === null ? 'the default' : `of ${modeFrom}`})`,
  );
  return texts.join(' and ') || 'an end that was in protect then';
}
