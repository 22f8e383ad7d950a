// The operations on events: what happened, and which kinds there are.
import { VmoatError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import type { EventFilter } from '../history/event-filter.ts';
import { queryMark, readCursor, writeCursor } from './cursor.ts';
import { timeOf } from './flow-query.ts';
import { operation } from './operation.ts';
import { type EventFilterQuery, EventsQuery, IdParam, LIMIT_DEFAULT, NoQuery } from './queries.ts';
import { EventDestination, EventKindInfo, EventRecord, Page } from './schema.ts';
import type { ApiSources } from './sources.ts';

export const eventOperations = [
  operation({
    method: 'get',
    path: '/events',
    summary: 'What happened, newest first',
    access: 'viewer',
    query: EventsQuery,
    params: NoQuery,
    answer: Page(EventRecord),
    errors: ['bad_cursor', 'history_unavailable'],
    handle: async ({ sources, query }) => {
      const { cursor, limit = LIMIT_DEFAULT, ...filter } = query;
      const mark = queryMark(filter);
      const position = cursor === undefined ? null : readCursor(cursor, mark);
      const page = await sources.events(eventFilterOf(filter, sources), position, limit);
      return { items: page.events, next: page.next && writeCursor(page.next, mark) };
    },
  }),
  operation({
    method: 'get',
    path: '/event-kinds',
    area: 'events',
    summary: 'Every kind of event: severity and meaning',
    access: 'viewer',
    query: NoQuery,
    params: NoQuery,
    answer: Page(EventKindInfo),
    handle: ({ sources }) => ({ items: [...sources.eventKinds], next: null }),
  }),
  operation({
    method: 'get',
    path: '/destinations',
    summary: 'Where events are delivered to: what waits, what arrived, what fails',
    access: 'viewer',
    query: NoQuery,
    params: NoQuery,
    answer: Page(EventDestination),
    handle: ({ sources }) => ({ items: sources.destinations(), next: null }),
  }),
  operation({
    method: 'post',
    path: '/destinations/{id}/test',
    summary: 'Sends an event of kind `delivery-test` to this destination alone',
    access: 'admin',
    query: NoQuery,
    params: IdParam,
    answer: EventRecord,
    errors: ['not_found'],
    handle: ({ sources, params }) => {
      const event = sources.testDestination(params.id);
      if (event) return event;
      throw new VmoatError('not_found', 'there is no such destination', {
        field: 'id',
        hint: '`vmoat events destinations` lists them',
      });
    },
  }),
];

/** A query of the API → the filter that history and stream understand. */
export function eventFilterOf(query: EventFilterQuery, { clock, eventKinds }: ApiSources): EventFilter {
  const { kind: kinds, severity, subject, q: text } = query;
  for (const kind of kinds ?? []) checkKind(kind, eventKinds);
  const filter: EventFilter = {
    ...(kinds !== undefined && { kinds }),
    ...(severity !== undefined && { severity }),
    ...(subject !== undefined && { subject }),
    ...(text !== undefined && { text }),
  };
  const now = clock.now();
  if (query.since !== undefined) filter.since = timeOf(query.since, now, 'since');
  if (query.until !== undefined) filter.until = timeOf(query.until, now, 'until');
  return filter;
}

function checkKind(kind: string, known: readonly EventKindInfo[]): void {
  const names = known.map(({ name }) => name);
  if (names.includes(kind)) return;
  const near = nearest(kind, names);
  const hint = near.length ? `did you mean ${near.join(', ')}?` : '`vmoat events kinds` lists them';
  throw new VmoatError('bad_request', `there is no kind of event ${JSON.stringify(kind)}`, {
    field: 'kind',
    hint,
  });
}
