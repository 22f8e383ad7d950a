// What `vmoat events` asks of the daemon, and the text of what comes back.
import { EventRecord, type EventSeverity, Page } from '../api/schema.ts';
import type { Context } from './context.ts';
import type { Query } from './daemon.ts';
import { clockTime } from './quantity.ts';
import { type Column, table } from './table.ts';
import { type Style, safeJson, styled } from './terminal.ts';

const PAGE_MAX = 1000;

export interface EventsOptions {
  follow?: boolean;
  last?: number;
  since?: string;
  until?: string;
  kind?: string;
  severity?: string;
  subject?: string;
  grep?: string;
  output: 'table' | 'json';
}

/** The newest events that pass, the newest last. */
export async function newestEvents(
  options: EventsOptions,
  context: Context,
  wanted: number,
): Promise<EventRecord[]> {
  const found: EventRecord[] = [];
  let cursor: string | undefined;
  while (found.length < wanted) {
    const limit = String(Math.min(PAGE_MAX, wanted - found.length));
    const page = await context
      .daemon()
      .get(Page(EventRecord), '/events', { ...asked(options), limit, cursor });
    found.push(...page.items);
    if (page.next === null) break;
    cursor = page.next;
  }
  return found.reverse();
}

const asked = ({ since, until, kind, severity, subject, grep }: EventsOptions): Query => ({
  since,
  until,
  kind,
  severity,
  subject,
  q: grep,
});

export const SEVERITY_STYLES: Record<EventSeverity, Style | null> = {
  info: 'dim',
  low: null,
  medium: 'yellow',
  high: 'red',
  critical: 'red',
};

const columns = (now_ms: number): Column<EventRecord>[] => [
  { title: 'TIME', text: ({ at }) => clockTime(at, now_ms), style: () => 'dim' },
  { title: 'SEVERITY', text: ({ severity }) => severity, style: ({ severity }) => SEVERITY_STYLES[severity] },
  { title: 'KIND', text: ({ kind }) => kind, style: () => 'cyan' },
  { title: 'TEXT', text: ({ text }) => text },
];

export function eventsText(events: readonly EventRecord[], output: string, context: Context): string {
  const { terminal, now } = context;
  if (output === 'json') return events.map((event) => `${safeJson(event)}\n`).join('');
  return table(terminal, columns(now()), events);
}

/** One line with a line break. */
export function eventLine(event: EventRecord, { terminal, now }: Context): string {
  const { at, severity, kind, text } = event;
  const parts = [
    styled(terminal, 'dim', clockTime(at, now())),
    styled(terminal, SEVERITY_STYLES[severity], severity),
    styled(terminal, 'cyan', kind),
    styled(terminal, null, text),
  ];
  return `${parts.join('  ')}\n`;
}
