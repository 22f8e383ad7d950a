// A query of the API → the filter that incidents are held against.
import type { ThreatFilter } from '../threats/threat-filter.ts';
import { timeOf } from './flow-query.ts';
import type { ThreatFilterQuery } from './queries.ts';
import type { ApiSources } from './sources.ts';

export function threatFilterOf(query: ThreatFilterQuery, sources: ApiSources): ThreatFilter {
  const { name, severity, acknowledged, source, flow, group } = query;
  const filter: ThreatFilter = {
    ...(group !== undefined && { group }),
    ...(name !== undefined && { name }),
    ...(severity !== undefined && { severity }),
    ...(acknowledged !== undefined && { acknowledged: acknowledged === 'yes' }),
    ...(source !== undefined && { source }),
    ...(flow !== undefined && { flow }),
    ...(query.q !== undefined && { text: query.q }),
  };
  const now = sources.clock.now();
  if (query.since !== undefined) filter.since = timeOf(query.since, now, 'since');
  if (query.until !== undefined) filter.until = timeOf(query.until, now, 'until');
  if (query.workload !== undefined) filter.either = sources.endNamed(query.workload, 'workload');
  return filter;
}
