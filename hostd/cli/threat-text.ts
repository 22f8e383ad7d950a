// Threats as text: a line for a group of incidents, every field of one, the kinds there are.

import type { Severity, Threat, ThreatGroup, ThreatKind, WorkloadRef } from '../api/schema.ts';
import { service } from '../base/service-text.ts';
import { endText } from './flow-text.ts';
import { clockTime, short } from './quantity.ts';
import { type Column, type Fact, factLines, table } from './table.ts';
import { type Style, styled, type Terminal } from './terminal.ts';

const STYLES: Record<Severity, Style> = { low: 'dim', medium: 'yellow', high: 'red', critical: 'red' };
const EVIDENCE_CHARS = 60;

const end = (ref: WorkloadRef | undefined, address: string | null): string =>
  address === null ? (ref?.name ?? '-') : endText(ref, address);

const target = ({ targets, newest }: ThreatGroup): string =>
  targets > 1 ? `${short(targets)} addresses` : end(newest.to, newest.dst);

const shortened = (evidence: string): string =>
  evidence.length > EVIDENCE_CHARS ? `${evidence.slice(0, EVIDENCE_CHARS - 1)}…` : evidence;

const portOf = (threat: Threat): string => service(threat.proto, threat.dport);

const columns = (now_ms: number): Column<ThreatGroup>[] => [
  { title: 'SEVERITY', text: ({ severity }) => severity, style: ({ severity }) => STYLES[severity] },
  { title: 'THREAT', text: ({ name }) => name },
  { title: 'FROM', text: ({ newest }) => end(newest.from, newest.src) },
  { title: 'TO', text: target },
  { title: 'INCIDENTS', text: ({ incidents }) => short(incidents), right: true },
  { title: 'SEEN', text: ({ count }) => short(count), right: true },
  { title: 'LAST', text: ({ last }) => clockTime(last, now_ms), style: () => 'dim' },
  { title: 'ID', text: ({ newest }) => newest.id },
  { title: 'EVIDENCE', text: ({ newest }) => shortened(newest.evidence) },
];

export const groupTable = (groups: readonly ThreatGroup[], terminal: Terminal, now_ms: number): string =>
  table(terminal, columns(now_ms), groups);

/** One line with a line break; `before`: incidents like it that got no line. */
export function threatLine(threat: Threat, before: number, terminal: Terminal, now_ms: number): string {
  const plain = (text: string, style: Style | null = null): string => styled(terminal, style, text);
  const { severity, name, from, src, to, dst, evidence, id, acknowledged } = threat;
  const parts = [
    plain(clockTime(threat.last, now_ms), 'dim'),
    plain(severity, STYLES[severity]),
    plain(name),
    `${plain(end(from, src))} → ${plain(end(to, dst))}`,
    plain(portOf(threat)),
    plain(shortened(evidence)),
    plain(id, 'dim'),
    before > 0 ? plain(`and ${short(before)} like it before`, 'dim') : '',
    acknowledged ? plain(`acknowledged by ${acknowledged.by}`, 'dim') : '',
  ];
  return `${parts.filter(Boolean).join('  ')}\n`;
}

const why = (ref: WorkloadRef | undefined, address: string | null): string =>
  ref ? `${end(ref, address)}: ${ref.why}` : end(ref, address);

/** Every field, and what the threat means where vmoat-dp says it. */
export function threatText(threat: Threat, kind: ThreatKind | undefined, terminal: Terminal): string {
  const { acknowledged } = threat;
  const facts: Fact[] = [
    ['id', threat.id],
    ['threat', threat.name],
    ['severity', threat.severity, STYLES[threat.severity]],
    ['means', kind?.means ?? '-'],
    ['from', why(threat.from, threat.src)],
    ['to', why(threat.to, threat.dst)],
    ['service', portOf(threat)],
    ['seen at', `${threat.nic ?? '-'}, ${threat.sender === 'guest' ? 'sent by its VM' : 'sent to its VM'}`],
    ['segment', threat.segment],
    ['first', threat.first],
    ['last', threat.last],
    ['times', short(threat.count)],
    ['evidence', threat.evidence || '-'],
    ['flow', threat.flow ?? '-'],
    ['protect', threat.action === 'deny' ? 'would deny it' : 'would only alert'],
    ['acknowledged', acknowledged ? `${acknowledged.at} by ${acknowledged.by}` : 'no'],
  ];
  if (acknowledged?.note) facts.push(['note', acknowledged.note]);
  return factLines(terminal, facts);
}

const KIND_COLUMNS: Column<ThreatKind>[] = [
  { title: 'THREAT', text: ({ name }) => name },
  { title: 'SEVERITY', text: ({ severity }) => severity, style: ({ severity }) => STYLES[severity] },
  { title: 'PROTECT', text: ({ action }) => action },
  { title: 'MEANS', text: ({ means }) => means },
];

export const kindTable = (kinds: readonly ThreatKind[], terminal: Terminal): string =>
  table(terminal, KIND_COLUMNS, kinds);
