// `vmoat events -f`: prints events as they happen.
import type { EventRecord, StreamEvent } from '../api/schema.ts';
import type { Context } from './context.ts';
import { type EventsOptions, eventLine, newestEvents } from './events-ask.ts';
import { followStream } from './follow-stream.ts';
import { safeJson } from './terminal.ts';

const BEFORE_DEFAULT = 10;
/** Events of the time without a connection. */
const MISSED_MAX = 1000;
/** Beyond that one that comes again may be printed again. */
const SEEN_MAX = 10_000;

export async function followEvents(options: EventsOptions, context: Context): Promise<void> {
  const seen = new Set<string>();
  const print = (events: readonly EventRecord[]): void => {
    for (const event of events) if (isNew(event, seen)) printEvent(event, options, context);
  };
  const { kind: event, severity, grep: q } = options;
  await followStream(context, {
    query: { kinds: 'events', event, severity, q },
    catchUp: async (since) =>
      print(
        since
          ? await newestEvents({ ...options, since }, context, MISSED_MAX)
          : await newestEvents(options, context, options.last ?? BEFORE_DEFAULT),
      ),
    take: (event) => takeEvent(event, print, options, context),
  });
}

function takeEvent(
  event: StreamEvent,
  print: (events: EventRecord[]) => void,
  { subject }: EventsOptions,
  { terminal }: Context,
): void {
  if (event.kind === 'events') print(event.events.filter((one) => !subject || isAbout(one, subject)));
  if (event.kind === 'dropped' && event.events > 0)
    terminal.err(`vmoat: ${event.events} events left out: read too slowly\n`);
}

const isAbout = ({ subjects }: EventRecord, subject: string): boolean =>
  subjects.some(({ id, name }) => id === subject || name === subject);

function isNew({ id }: EventRecord, seen: Set<string>): boolean {
  if (seen.has(id)) return false;
  seen.add(id);
  const [oldest] = seen;
  if (seen.size > SEEN_MAX && oldest !== undefined) seen.delete(oldest);
  return true;
}

function printEvent(event: EventRecord, { output }: EventsOptions, context: Context): void {
  context.terminal.out(output === 'json' ? `${safeJson(event)}\n` : eventLine(event, context));
}
