// The operations on threats: incidents, their groups and kinds, and what people have said of them.
import { VmoatError } from '../base/errors.ts';
import { queryMark, readCursor, writeCursor } from './cursor.ts';
import { type Change, operation } from './operation.ts';
import {
  Acknowledge,
  AcknowledgeQuery,
  IdParam,
  LIMIT_DEFAULT,
  NoQuery,
  ThreatGroupsQuery,
  ThreatsQuery,
} from './queries.ts';
import { type Acknowledgement, Page, Threat, ThreatGroup, ThreatKind } from './schema.ts';
import { seenText } from './seen-text.ts';
import type { ApiSources } from './sources.ts';
import { threatFilterOf } from './threat-query.ts';

const ACKNOWLEDGE = {
  path: '/threats/{id}/acknowledge',
  access: 'operator',
  query: AcknowledgeQuery,
  params: IdParam,
} as const;

export const threatOperations = [
  operation({
    method: 'get',
    path: '/threats',
    summary: 'Incidents, newest first by when they began; the order is stable while they go on',
    access: 'viewer',
    query: ThreatsQuery,
    params: NoQuery,
    answer: Page(Threat),
    errors: ['bad_cursor', 'workload_unknown', 'name_ambiguous'],
    handle: ({ sources, query }) => {
      const { cursor, limit = LIMIT_DEFAULT, ...filter } = query;
      const mark = queryMark(filter);
      const position = cursor === undefined ? null : readCursor(cursor, mark);
      const page = sources.threats.find(threatFilterOf(filter, sources), position, limit);
      return { items: page.threats, next: page.next && writeCursor(page.next, mark) };
    },
  }),
  operation({
    method: 'get',
    path: '/threat-groups',
    area: 'threats',
    summary: 'The same, those of one threat by one source as one item; the worst first, then the newest',
    access: 'viewer',
    query: ThreatGroupsQuery,
    params: NoQuery,
    answer: Page(ThreatGroup),
    errors: ['workload_unknown', 'name_ambiguous'],
    handle: ({ sources, query }) => {
      const { limit = LIMIT_DEFAULT, ...filter } = query;
      return { items: sources.threats.groups(threatFilterOf(filter, sources)).slice(0, limit), next: null };
    },
  }),
  operation({
    method: 'get',
    path: '/threats/{id}',
    summary: 'One incident',
    access: 'viewer',
    query: NoQuery,
    params: IdParam,
    answer: Threat,
    errors: ['not_found'],
    handle: ({ sources, params }) => found(sources.threats.threat(params.id)),
  }),
  operation({
    ...ACKNOWLEDGE,
    method: 'post',
    summary: 'Says that somebody has seen to an incident; it is open no more',
    body: Acknowledge,
    answer: Threat,
    errors: ['not_found', 'history_unavailable'],
    handle: ({ sources, params, query, body, caller, changed }) => {
      const note = body?.note ?? '';
      const at = new Date(sources.clock.now()).toISOString();
      const by = caller.user || 'web';
      return acknowledge(sources, params.id, { at, by, note }, query.alike === 'yes', changed);
    },
  }),
  operation({
    ...ACKNOWLEDGE,
    method: 'delete',
    summary: 'Takes that back',
    answer: Threat,
    errors: ['not_found', 'history_unavailable'],
    handle: ({ sources, params, query, changed }) =>
      acknowledge(sources, params.id, null, query.alike === 'yes', changed),
  }),
  operation({
    method: 'get',
    path: '/threat-kinds',
    area: 'threats',
    summary: 'Every threat that vmoat-dp knows: severity, meaning, evidence, default action, thresholds',
    access: 'viewer',
    query: NoQuery,
    params: NoQuery,
    answer: Page(ThreatKind),
    handle: ({ sources }) => ({ items: [...sources.threats.kinds], next: null }),
  }),
];

async function acknowledge(
  sources: ApiSources,
  id: string,
  acknowledged: Acknowledgement | null,
  alike: boolean,
  changed: (change: Change) => void,
): Promise<Threat> {
  const before = sources.threats.threat(id)?.acknowledged ?? null;
  const threat = found(await sources.threats.acknowledge(id, acknowledged, alike));
  const and = alike ? ', and all like it' : '';
  changed({ before: seenText(before), after: `${seenText(threat.acknowledged)}${and}` });
  return threat;
}

function found(threat: Threat | null): Threat {
  if (threat) return threat;
  throw new VmoatError('not_found', 'there is no such incident', { field: 'id' });
}
