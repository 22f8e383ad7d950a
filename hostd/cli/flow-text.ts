// A flow in one line, or as a row of a table.

import type { Flow, WorkloadRef } from '../api/schema.ts';
import { service } from '../base/service-text.ts';
import { bytes, clockTime, short } from './quantity.ts';
import { type Column, table } from './table.ts';
import { type Style, styled, type Terminal } from './terminal.ts';

/** The name, and the address where the name does not say it. */
export function endText(ref: WorkloadRef | undefined, address: string): string {
  if (!ref || ref.name === address) return address;
  return `${ref.name} (${address})`;
}

export const endedText = (flow: Flow): string => flow.end ?? (flow.pickedUp ? 'open, picked up' : 'open');

/** A guess is marked. */
export const appText = (app: string | null | undefined, confidence: string | null | undefined): string =>
  app ? `${app}${confidence === 'guess' ? '?' : ''}` : '';

export function verdictStyle(flow: Flow): Style | null {
  if (flow.threats.length || flow.verdict === 'deny') return 'red';
  return flow.violation || flow.anomalies.length ? 'yellow' : null;
}

const notes = (flow: Flow): string =>
  [
    ...(flow.enforced === 'dropped' || flow.enforced === 'reset' ? [flow.enforced] : []),
    ...flow.threats,
    ...flow.anomalies,
    ...(flow.violation ? ['violation'] : []),
  ].join(' ');

/** One line with a line break. */
export function compact(flow: Flow, terminal: Terminal, now_ms: number): string {
  const plain = (text: string, style: Style | null = null): string => styled(terminal, style, text);
  const parts = [
    plain(clockTime(flow.last, now_ms), 'dim'),
    `${plain(endText(flow.from, flow.src))} → ${plain(endText(flow.to, flow.dst))}`,
    plain(service(flow.proto, flow.dport)),
    plain(appText(flow.app, flow.confidence) || '-', 'cyan'),
    plain(`${bytes(flow.bytes[0])} out ${bytes(flow.bytes[1])} in`),
    plain(endedText(flow), 'dim'),
    plain(notes(flow), verdictStyle(flow)),
  ];
  return `${parts.filter(Boolean).join('  ')}\n`;
}

const columns = (now_ms: number): Column<Flow>[] => [
  { title: 'LAST', text: (flow) => clockTime(flow.last, now_ms), style: () => 'dim' },
  { title: 'FROM', text: (flow) => endText(flow.from, flow.src) },
  { title: 'TO', text: (flow) => endText(flow.to, flow.dst) },
  { title: 'SERVICE', text: (flow) => service(flow.proto, flow.dport) },
  { title: 'APP', text: (flow) => appText(flow.app, flow.confidence), style: () => 'cyan' },
  { title: 'PACKETS', text: (flow) => `${short(flow.packets[0])}/${short(flow.packets[1])}`, right: true },
  { title: 'BYTES', text: (flow) => `${bytes(flow.bytes[0])}/${bytes(flow.bytes[1])}`, right: true },
  { title: 'STATE', text: endedText },
  { title: 'NOTES', text: notes, style: verdictStyle },
];

export const flowTable = (flows: readonly Flow[], terminal: Terminal, now_ms: number): string =>
  table(terminal, columns(now_ms), flows);
