// Rules with what they have decided, as a table.
import type { CountedRule } from '../../policy/counters/shapes.ts';
import { bytes, clockTime, duration, short } from '../quantity.ts';
import { type Column, table } from '../table.ts';
import type { Terminal } from '../terminal.ts';

const both = ([toServer, toClient]: [number, number]): number => toServer + toClient;
const listed = (items: readonly string[]): string => {
  const more = items.length - SHOWN_MAX;
  return `${items.slice(0, SHOWN_MAX).join(', ')}${more > 0 ? ` and ${more} more` : ''}` || 'any';
};
const SHOWN_MAX = 3;

const stateOf = ({ line, state }: CountedRule): string =>
  line === null ? 'learned' : state === 'in effect' ? `line ${line}` : state;

const columns = (now_ms: number): Column<CountedRule>[] => [
  { title: 'RULE', text: ({ id }) => id },
  { title: 'IS', text: stateOf, style: () => 'dim' },
  { title: 'FROM', text: ({ from }) => from },
  { title: 'TO', text: ({ to }) => to },
  { title: 'APPLICATIONS', text: ({ applications }) => listed(applications) },
  { title: 'PORTS', text: ({ ports }) => listed(ports) },
  {
    title: 'ACTION',
    text: ({ action, continuous }) => (continuous ? `${action}, continuous` : action),
    style: ({ action }) => (action === 'deny' ? 'red' : null),
  },
  { title: 'FLOWS', text: ({ flows }) => short(flows), right: true },
  { title: 'PACKETS', text: ({ packets }) => short(both(packets)), right: true },
  { title: 'BYTES', text: (rule) => bytes(both(rule.bytes)), right: true },
  { title: 'LAST', text: ({ last }) => (last === null ? 'never' : clockTime(last, now_ms)) },
  { title: 'WATCHED', text: ({ watchedMs }) => duration(watchedMs), right: true },
  { title: 'UNUSED', text: ({ idleMs }) => duration(idleMs), right: true },
];

export const countedTable = (rules: readonly CountedRule[], terminal: Terminal, now_ms: number): string =>
  table(terminal, columns(now_ms), rules);
