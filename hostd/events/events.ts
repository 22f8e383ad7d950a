// Where events come from: gives each its id and its time, and hands it on.
import { randomBytes } from 'node:crypto';
import type { EventRecord } from '../api/schema.ts';
import type { Clock } from '../base/clock.ts';
import { type EventKind, eventKinds } from './kinds.ts';

/** What is said of an event; the severity of its kind if it says none. */
export interface News {
  text: string;
  subjects?: EventRecord['subjects'];
  data?: EventRecord['data'];
  severity?: EventRecord['severity'];
}

export type Emit = (kind: EventKind, news: News) => EventRecord;

/** `take` must not throw. */
export function emitter(clock: Clock, take: (event: EventRecord) => void): Emit {
  const nextId = orderedIds();
  return (kind, { text, subjects = [], data = {}, severity = eventKinds[kind].severity }) => {
    const now = clock.now();
    const at = new Date(now).toISOString();
    const event: EventRecord = { id: nextId(now), kind, severity, at, subjects, text, data };
    take(event);
    return event;
  };
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

/** Ids whose order as text is the order in which they were made, also over a step back of the clock. */
export function orderedIds(random = randomBytes): (now_ms: number) => string {
  let latest_ms = 0;
  let count = 0;
  return (now_ms) => {
    count = now_ms > latest_ms ? 0 : count + 1;
    latest_ms = Math.max(latest_ms, now_ms);
    return `${hex(latest_ms, 11)}-${hex(count, 6)}-${random(4).toString('hex')}`;
  };
}
