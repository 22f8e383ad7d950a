// A query of the API → the filter that history and stream understand.
import { VmoatError } from '../base/errors.ts';
import type { FlowFilter } from '../history/flow-filter.ts';
import { momentOf } from './moment.ts';
import type { FlowFilterQuery } from './queries.ts';
import { servicesAsked } from './services.ts';
import type { ApiSources } from './sources.ts';

export function filterOf(query: FlowFilterQuery, sources: ApiSources): FlowFilter {
  const { app, verdict, group } = query;
  const filter: FlowFilter = {
    ...(group !== undefined && { group }),
    ...(app !== undefined && { app }),
    ...servicesAsked(query),
    ...(verdict !== undefined && { verdict }),
    ...(query.q !== undefined && { text: query.q }),
  };
  const now = sources.clock.now();
  if (query.since !== undefined) filter.since = timeOf(query.since, now, 'since');
  if (query.until !== undefined) filter.until = timeOf(query.until, now, 'until');
  if (query.from !== undefined) filter.from = sources.endNamed(query.from, 'from');
  if (query.to !== undefined) filter.to = sources.endNamed(query.to, 'to');
  if (query.workload !== undefined) filter.either = sources.endNamed(query.workload, 'workload');
  return filter;
}

/** Throws `bad_request` where the text is no moment, also for a date that does not exist. */
export function timeOf(text: string, now_ms: number, field: string): number {
  const time = momentOf(text, now_ms);
  if (time !== null) return time;
  throw new VmoatError('bad_request', `${field}: there is no such time`, { field });
}
