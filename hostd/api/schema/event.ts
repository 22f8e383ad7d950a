// Events, their kinds, and where they are delivered to.
import { z } from 'zod';
import { Severity, Time } from './common.ts';

export const EventSeverity = z.enum(['info', ...Severity.options]);
export type EventSeverity = z.infer<typeof EventSeverity>;

/** Whom or what an event is about. */
export const EventSubject = z.object({
  kind: z.enum([
    'vm',
    'nic',
    'group',
    'threat',
    'flow',
    'policy',
    'rule',
    'process',
    'destination',
    'export',
  ]),
  id: z.string(),
  name: z.string(),
});
export type EventSubject = z.infer<typeof EventSubject>;

/** Something happened that an operator may want to be told. */
export const EventRecord = z.object({
  id: z.string().describe('later events have greater ones; a delivery that is repeated bears the same'),
  kind: z.string().describe('a name of GET /event-kinds'),
  severity: EventSeverity,
  at: Time,
  subjects: z.array(EventSubject),
  text: z.string().describe('one sentence; may hold names that guests chose'),
  data: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
    .describe('what the kind says beside the text'),
});
export type EventRecord = z.infer<typeof EventRecord>;

export const EventKindInfo = z.object({
  name: z.string(),
  severity: EventSeverity.describe('of most events of this kind'),
  means: z.string(),
});
export type EventKindInfo = z.infer<typeof EventKindInfo>;

/** A place that events are delivered to. */
export const EventDestination = z.object({
  id: z.string().describe('`webhook:NAME` or `syslog:NAME`'),
  target: z.string().describe('where that is, without what may be a secret'),
  waiting: z.number().int(),
  delivered: z.number().int().describe('since vmoat-hostd started, as are the others'),
  dropped: z.number().int().describe('found no room, or did not arrive within a day'),
  refused: z.number().int().describe('the destination will never take them'),
  failing: z
    .object({ since: Time, reason: z.string(), attempts: z.number().int() })
    .nullable()
    .describe('null: the last one arrived'),
});
export type EventDestination = z.infer<typeof EventDestination>;
