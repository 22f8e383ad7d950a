// NICs as a table, and one of them in full.
import type { Nic, NicProtection } from '../api/schema.ts';
import { bytes, short } from './quantity.ts';
import { type Column, type Fact, factLines, table } from './table.ts';
import type { Terminal } from './terminal.ts';

const plugged = (nic: Nic): string => nic.network ?? nic.segment ?? nic.source;

/** The enforcer where verdicts are carried out. */
const protectText = ({ protection }: Nic): string =>
  protection === null ? '' : protection.state === 'inline' ? (protection.enforcer ?? '') : protection.state;

/** Why it is tapped so, and where it is in protect why it is enforced so. */
const note = ({ reason, protection }: Nic): string =>
  [reason, protection && protection.state !== 'off' ? protection.reason : ''].filter(Boolean).join('; ');

const COLUMNS: Column<Nic>[] = [
  { title: 'TAP', text: (nic) => nic.tap ?? '' },
  { title: 'MAC', text: (nic) => nic.mac },
  { title: 'IN', text: plugged },
  { title: 'HOOK', text: (nic) => nic.hook, style: (nic) => (nic.hook === 'none' ? 'yellow' : 'green') },
  { title: 'PROTECT', text: protectText },
  {
    title: 'FAIL',
    text: ({ protection }) => (protection && protection.state !== 'off' ? protection.failPolicy : ''),
  },
  { title: 'SENT', text: (nic) => bytes(nic.bytes[0]), right: true },
  { title: 'RECEIVED', text: (nic) => bytes(nic.bytes[1]), right: true },
  {
    title: 'LOST',
    text: (nic) => String(nic.lost),
    style: (nic) => (nic.lost > 0 ? 'red' : null),
    right: true,
  },
  { title: 'ADDRESSES', text: (nic) => nic.addresses.map((known) => known.address).join(', ') },
  { title: 'NOTE', text: note },
];
const VM: Column<Nic> = { title: 'VM', text: (nic) => nic.workloadName };

export const nicTable = (terminal: Terminal, nics: readonly Nic[], withVm: boolean): string =>
  table(terminal, withVm ? [VM, ...COLUMNS] : COLUMNS, nics);

export function nicText(terminal: Terminal, nic: Nic): string {
  const facts: Fact[] = [
    ['vm', nic.workloadName],
    ['tap', nic.tap ?? '-'],
    ['mac', nic.mac],
    ['in', plugged(nic)],
    ['hook', nic.reason ? `${nic.hook}: ${nic.reason}` : nic.hook],
    ['addresses', nic.addresses.map(({ address, source }) => `${address} (${source})`).join(', ') || '-'],
    ['sent', `${bytes(nic.bytes[0])} in ${short(nic.packets[0])} packets`],
    ['received', `${bytes(nic.bytes[1])} in ${short(nic.packets[1])} packets`],
    ['lost', String(nic.lost)],
    ...(nic.protection ? protectionFacts(nic.protection) : []),
  ];
  return factLines(terminal, facts) + (nic.protection ? framesTable(terminal, nic.protection) : '');
}

function protectionFacts({ state, enforcer, reason, failPolicy }: NicProtection): Fact[] {
  return [
    ['protection', reason ? `${state}: ${reason}` : state],
    ['enforcer', enforcer ?? 'none'],
    ['failPolicy', failPolicy],
  ];
}

type Counted = [cause: string, ways: [fromNic: number, toNic: number]];

/** Nothing where nothing was counted. */
function framesTable(terminal: Terminal, { frames }: NicProtection): string {
  const counted = Object.entries(frames);
  if (counted.length === 0) return '';
  const columns: Column<Counted>[] = [
    { title: 'FRAMES', text: ([cause]) => cause },
    { title: 'FROM NIC', text: ([, [from]]) => short(from), right: true },
    { title: 'TO NIC', text: ([, [, to]]) => short(to), right: true },
  ];
  return `\n${table(terminal, columns, counted)}`;
}
