// Which flows are asked for: the filter, its SQL, and the same as a predicate for live flows.
import type { Flow, WorkloadRef } from '../api/schema.ts';
import type { Condition } from './database.ts';

/** One end of a flow: who it is, or the address it has. */
export type EndFilter = { id: string } | { address: string };

export interface FlowFilter {
  id?: string;
  /** ms since the epoch; a flow passes if it was seen at or after `since` … */
  since?: number;
  /** … and began at or before `until`. */
  until?: number;
  from?: EndFilter;
  to?: EndFilter;
  /** Either end. */
  either?: EndFilter;
  /** Either end belongs to this group. */
  group?: string;
  /** A layer of the application; `unknown`: not recognised. */
  app?: string;
  proto?: string;
  /** The lowest and the highest port of the server. */
  ports?: readonly [number, number];
  verdict?: 'allow' | 'deny' | 'violation';
  /** Free text: names, addresses, application, facts, threats, anomalies; lower case. */
  text?: string;
}

/** The group names of both ends are not part of a flow, so whoever knows them passes them in. */
export type GroupOf = (end: WorkloadRef) => string;

/** The conditions on table `flows` (see day-file.ts), to be joined by AND. */
export function conditions(filter: FlowFilter): Condition[] {
  const found: Condition[] = [];
  const add = (sql: string, ...values: (string | number)[]): void => void found.push({ sql, values });
  if (filter.id !== undefined) add('id = ?', filter.id);
  if (filter.since !== undefined) add('last >= ?', filter.since);
  if (filter.until !== undefined) add('first <= ?', filter.until);
  if (filter.from) add(...endSql('from_id', 'src', filter.from));
  if (filter.to) add(...endSql('to_id', 'dst', filter.to));
  if (filter.either) add(...eitherSql(filter.either));
  if (filter.group !== undefined) add('(from_group = ? OR to_group = ?)', filter.group, filter.group);
  if (filter.app === 'unknown') add('app IS NULL');
  else if (filter.app !== undefined) add("instr('/' || app || '/', ?) > 0", `/${filter.app}/`);
  if (filter.proto !== undefined) add('proto = ?', filter.proto);
  if (filter.ports) add('dport BETWEEN ? AND ?', ...filter.ports);
  if (filter.verdict === 'violation') add('violation = 1');
  else if (filter.verdict !== undefined) add('verdict = ?', filter.verdict);
  if (filter.text !== undefined) add('instr(words, ?) > 0', filter.text);
  return found;
}

const endSql = (idColumn: string, addressColumn: string, end: EndFilter): [string, string] =>
  'id' in end ? [`${idColumn} = ?`, end.id] : [`${addressColumn} = ?`, end.address];

function eitherSql(end: EndFilter): [string, string, string] {
  const value = 'id' in end ? end.id : end.address;
  return ['id' in end ? '(from_id = ? OR to_id = ?)' : '(src = ? OR dst = ?)', value, value];
}

/** Whether a live flow passes; agrees with `conditions` on every flow. */
export function passes(flow: Flow, filter: FlowFilter, groupOf: GroupOf): boolean {
  return (
    (filter.id === undefined || flow.id === filter.id) &&
    (filter.since === undefined || Date.parse(flow.last) >= filter.since) &&
    (filter.until === undefined || Date.parse(flow.first) <= filter.until) &&
    (!filter.from || isEnd(flow.from, flow.src, filter.from)) &&
    (!filter.to || isEnd(flow.to, flow.dst, filter.to)) &&
    (!filter.either ||
      isEnd(flow.from, flow.src, filter.either) ||
      isEnd(flow.to, flow.dst, filter.either)) &&
    (filter.group === undefined || groupsOf(flow, groupOf).includes(filter.group)) &&
    (filter.app === undefined || hasApp(flow, filter.app)) &&
    (filter.proto === undefined || flow.proto === filter.proto) &&
    (!filter.ports || isWithin(flow.dport, filter.ports)) &&
    (filter.verdict === undefined || hasVerdict(flow, filter.verdict)) &&
    (filter.text === undefined || wordsOf(flow).includes(filter.text))
  );
}

const isWithin = (port: number, [low, high]: readonly [number, number]): boolean =>
  low <= port && port <= high;

const isEnd = (ref: WorkloadRef | undefined, address: string, end: EndFilter): boolean =>
  'id' in end ? ref?.id === end.id : address === end.address;

export const groupsOf = (flow: Flow, groupOf: GroupOf): (string | null)[] => [
  flow.from ? groupOf(flow.from) : null,
  flow.to ? groupOf(flow.to) : null,
];

const hasApp = (flow: Flow, app: string): boolean =>
  app === 'unknown' ? flow.app === undefined : `/${flow.app ?? ''}/`.includes(`/${app}/`);

const hasVerdict = (flow: Flow, verdict: NonNullable<FlowFilter['verdict']>): boolean =>
  verdict === 'violation' ? flow.violation === true : flow.verdict === verdict;

/** What free text is sought in, lower case. */
export function wordsOf(flow: Flow): string {
  const words = [flow.from?.name, flow.to?.name, flow.src, flow.dst, flow.app, flow.proto, flow.segment];
  const facts = Object.values(flow.facts ?? {});
  return [...words, ...facts, ...flow.threats, ...flow.anomalies].join('\n').toLowerCase();
}
