// Violations as text: a line for each, and every field of one.

import type { Violation, Violations } from '../api/schema.ts';
import { service } from '../base/service-text.ts';
import { modesText } from './mode-text.ts';
import { clockTime, short } from './quantity.ts';
import { type Column, type Fact, factLines, table } from './table.ts';
import { type Style, styled, type Terminal } from './terminal.ts';

const endOf = ({ kind, name, address }: Violation['from']): string =>
  kind === 'vm' || kind === 'host' ? name : `${name} (${address})`;
const whyOf = ({ decidedBy, rule }: Violation): string =>
  decidedBy === 'rule' ? `rule ${rule ?? '-'}` : 'no rule';
const verdictStyle = ({ verdict }: Violation): Style => (verdict === 'deny' ? 'red' : 'yellow');

const columns = (now_ms: number): Column<Violation>[] => [
  { title: 'LAST', text: ({ last }) => clockTime(last, now_ms), style: () => 'dim' },
  { title: 'FROM', text: ({ from }) => endOf(from) },
  { title: 'TO', text: ({ to }) => endOf(to) },
  { title: 'SERVICE', text: ({ proto, port }) => service(proto, port) },
  { title: 'APP', text: ({ app }) => app ?? '-' },
  { title: 'FLOWS', text: ({ flows }) => short(flows), right: true },
  { title: 'VERDICT', text: ({ verdict }) => verdict, style: verdictStyle },
  { title: 'MODE', text: ({ modes }) => modesText(modes) },
  { title: 'BY', text: whyOf },
  { title: 'ID', text: ({ id }) => id },
];

/** A line for each, and one for each source that has more. */
export function violationTable({ items, sources }: Violations, terminal: Terminal, now_ms: number): string {
  const more = sources.map(
    ({ from, violations }) =>
      `${endOf(from)} has ${short(violations)} of them: --from with --each shows more`,
  );
  return (
    table(terminal, columns(now_ms), items) +
    more.map((line) => `${styled(terminal, 'yellow', line)}\n`).join('')
  );
}

export function violationText(violation: Violation, terminal: Terminal): string {
  const { from, to, acknowledged } = violation;
  const facts: Fact[] = [
    ['id', violation.id],
    ['from', `${from.name} (${from.address})`],
    ['to', `${to.name} (${to.address})`],
    ['service', service(violation.proto, violation.port)],
    ['application', violation.app ?? 'unknown'],
    ['verdict', violation.verdict, verdictStyle(violation)],
    ['decided by', violation.decidedBy === 'rule' ? whyOf(violation) : 'mode: no rule speaks of it'],
    ['mode', modesText(violation.modes)],
    ['flows', short(violation.flows)],
    ['first', violation.first],
    ['last', violation.last],
    ['example', violation.example],
    ['acknowledged', acknowledged ? `${acknowledged.at} by ${acknowledged.by}` : 'no'],
  ];
  if (acknowledged?.note) facts.push(['note', acknowledged.note]);
  return factLines(terminal, facts);
}
