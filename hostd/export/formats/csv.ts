// CSV (RFC 4180), UTF-8, with a line of names.
import type { Flow, Graph, Violation } from '../../api/schema.ts';
import type { Content, Format, GroupContent } from '../content.ts';

type Cell = string | number | boolean | null | undefined;

export const csv: Format = {
  name: 'csv',
  write: (content) => ({ extension: 'csv', parts: partsOf(content), unexpressed: [] }),
};

function partsOf(content: Content): Iterable<string> | AsyncIterable<string> {
  switch (content.what) {
    case 'flows':
      return flowRows(content.content);
    case 'graph':
      return graphRows(content.content);
    case 'violations':
      return [row(VIOLATION_COLUMNS.map(([name]) => name)), ...content.content.map(violationRow)];
    case 'groups':
      return [row(GROUP_COLUMNS), ...content.content.map(groupRow)];
    case 'rules':
      return [row(RULE_COLUMNS), ...content.content.map(ruleRow)];
    case 'policy':
      throw new Error('a policy is more than one table');
  }
}

/** What a spreadsheet would take for a formula is text here; RFC 4180, 2: quotes are doubled. */
export function cell(value: Cell): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const text = /^[=+\-@\t\r]/.test(value ?? '') ? `'${value}` : (value ?? '');
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const row = (cells: readonly Cell[]): string => `${cells.map(cell).join(',')}\r\n`;

const FLOW_COLUMNS: [name: string, value: (flow: Flow) => Cell][] = [
  ['id', ({ id }) => id],
  ['first', ({ first }) => first],
  ['last', ({ last }) => last],
  ['segment', ({ segment }) => segment],
  ['from', ({ from }) => from?.name],
  ['from_id', ({ from }) => from?.id],
  ['src', ({ src }) => src],
  ['sport', ({ sport }) => sport],
  ['to', ({ to }) => to?.name],
  ['to_id', ({ to }) => to?.id],
  ['dst', ({ dst }) => dst],
  ['dport', ({ dport }) => dport],
  ['proto', ({ proto }) => proto],
  ['direction', ({ direction }) => direction],
  ['app', ({ app }) => app],
  ['confidence', ({ confidence }) => confidence],
  ['packets_out', ({ packets }) => packets[0]],
  ['packets_in', ({ packets }) => packets[1]],
  ['bytes_out', ({ bytes }) => bytes[0]],
  ['bytes_in', ({ bytes }) => bytes[1]],
  ['end', ({ end }) => end],
  ['verdict', ({ verdict }) => verdict],
  ['violation', ({ violation }) => violation],
  ['rule', ({ rule }) => rule],
  ['threats', ({ threats }) => threats.join(' ')],
  ['anomalies', ({ anomalies }) => anomalies.join(' ')],
];

async function* flowRows(flows: AsyncIterable<Flow>): AsyncGenerator<string> {
  yield row(FLOW_COLUMNS.map(([name]) => name));
  for await (const flow of flows) yield row(FLOW_COLUMNS.map(([, value]) => value(flow)));
}

const EDGE_COLUMNS = [
  ...['from', 'from_id', 'to', 'to_id', 'app', 'confidence', 'proto', 'port', 'sessions', 'open'],
  ...['packets_out', 'packets_in', 'bytes_out', 'bytes_in', 'first', 'last', 'violations'],
];

function* graphRows({ nodes, edges }: Graph): Generator<string> {
  const names = new Map(nodes.map(({ id, name }) => [id, name]));
  yield row(EDGE_COLUMNS);
  for (const edge of edges) {
    const { from, to, app, confidence, proto, port, sessions, open, packets, bytes, first, last } = edge;
    const ends = [names.get(from), from, names.get(to), to];
    const counts = [sessions, open, ...packets, ...bytes, first, last, edge.violations];
    yield row([...ends, app, confidence, proto, port, ...counts]);
  }
}

const VIOLATION_COLUMNS: [name: string, value: (violation: Violation) => Cell][] = [
  ['id', ({ id }) => id],
  ['from', ({ from }) => from.name],
  ['from_id', ({ from }) => from.id],
  ['to', ({ to }) => to.name],
  ['to_id', ({ to }) => to.id],
  ['app', ({ app }) => app],
  ['proto', ({ proto }) => proto],
  ['port', ({ port }) => port],
  ['verdict', ({ verdict }) => verdict],
  ['decided_by', ({ decidedBy }) => decidedBy],
  ['rule', ({ rule }) => rule],
  ['flows', ({ flows }) => flows],
  ['first', ({ first }) => first],
  ['last', ({ last }) => last],
  ['acknowledged_by', ({ acknowledged }) => acknowledged?.by],
  ['note', ({ acknowledged }) => acknowledged?.note],
];
const violationRow = (violation: Violation): string =>
  row(VIOLATION_COLUMNS.map(([, value]) => value(violation)));

const GROUP_COLUMNS = ['name', 'mode', 'members', 'addresses', 'fqdn'];
const groupRow = ({ name, mode, members, addresses, fqdn }: GroupContent): string =>
  row([name, mode, members?.join(' '), addresses.join(' '), fqdn.join(' ')]);

const RULE_COLUMNS = [
  ...[
    'position',
    'id',
    'from',
    'to',
    'applications',
    'ports',
    'action',
    'continuous',
    'disabled',
    'expires',
    'comment',
  ],
];
type Rules = Extract<Content, { what: 'rules' }>['content'];
const ruleRow = (rule: Rules[number], index: number): string => {
  const { id, from, to, applications = [], ports = [], action } = rule;
  const { continuous = false, disabled = false, expires, comment } = rule;
  return row([
    index + 1,
    ...[id, from, to, applications.join(' '), ports.join(' '), action],
    ...[continuous, disabled, expires, comment],
  ]);
};
