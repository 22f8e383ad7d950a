// Where events come from: gives each its id and its time, and hands it on.
import type { EventRecord } from '../api/schema.ts';
import type { Clock } from '../base/clock.ts';
import { orderedIds } from '../base/ordered-id.ts';
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
