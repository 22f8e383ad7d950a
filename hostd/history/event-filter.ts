// Which events are asked for: the filter, its SQL, and the same as a predicate for the live stream.
import { type EventRecord, EventSeverity } from '../api/schema.ts';
import type { Condition } from './database.ts';

export interface EventFilter {
  /** ms since the epoch, both ends included. */
  since?: number;
  until?: number;
  kinds?: readonly string[];
  /** This severe or worse. */
  severity?: EventSeverity;
  /** Id or name of a subject. */
  subject?: string;
  /** Free text, lower case. */
  text?: string;
}

export const rankOf = (severity: EventSeverity): number => EventSeverity.options.indexOf(severity);

/** The conditions on table `events` (see event-file.ts), to be joined by AND. */
export function conditions(filter: EventFilter): Condition[] {
  const { since, until, kinds, severity, subject, text } = filter;
  const found: Condition[] = [];
  const add = (sql: string, ...values: (string | number)[]): void => void found.push({ sql, values });
  if (since !== undefined) add('at >= ?', since);
  if (until !== undefined) add('at <= ?', until);
  if (kinds !== undefined) add('kind IN (SELECT value FROM json_each(?))', JSON.stringify(kinds));
  if (severity !== undefined) add('rank >= ?', rankOf(severity));
  if (subject !== undefined) add('instr(subjects, ?) > 0', `\n${subject}\n`);
  if (text !== undefined) add('instr(words, ?) > 0', text);
  return found;
}

/** Whether an event passes; agrees with `conditions` on every event. */
export function passes(event: EventRecord, filter: EventFilter): boolean {
  const { since, until, kinds, severity, subject, text } = filter;
  return (
    (since === undefined || Date.parse(event.at) >= since) &&
    (until === undefined || Date.parse(event.at) <= until) &&
    (kinds === undefined || kinds.includes(event.kind)) &&
    (severity === undefined || rankOf(event.severity) >= rankOf(severity)) &&
    (subject === undefined || subjectsOf(event).includes(`\n${subject}\n`)) &&
    (text === undefined || wordsOf(event).includes(text))
  );
}

/** Ids and names, each between line breaks. */
export const subjectsOf = ({ subjects }: EventRecord): string =>
  ['', ...subjects.flatMap(({ id, name }) => [id, name]), ''].join('\n');

/** What free text is sought in, lower case. */
export const wordsOf = ({ kind, text, subjects }: EventRecord): string =>
  [kind, text, ...subjects.flatMap(({ id, name }) => [id, name])].join('\n').toLowerCase();
