// The operations on violations: what no rule allows, and what people have said of it.
import { VmoatError } from '../base/errors.ts';
import { timeOf } from './flow-query.ts';
import { type Change, operation } from './operation.ts';
import { Acknowledge, IdParam, NoQuery, type ViolationFilterQuery, ViolationsQuery } from './queries.ts';
import { type Acknowledgement, Violation, Violations } from './schema.ts';
import { seenText } from './seen-text.ts';
import { PORT_MAX, servicesAsked } from './services.ts';
import type { ApiSources } from './sources.ts';

const ACKNOWLEDGE = {
  path: '/violations/{id}/acknowledge',
  access: 'operator',
  query: NoQuery,
  params: IdParam,
} as const;
/** Shown of each source: more of one are a scan, and must not hide those of others. */
const EACH_DEFAULT = 50;
const DAY_MS = 86_400_000;
/** Of the window where nothing is said; the history keeps days. */
const WINDOW_MS = 365 * DAY_MS;

export const violationOperations = [
  operation({
    method: 'get',
    path: '/violations',
    summary: 'Flows that no rule allows or that one denies, by edge and service, the latest first',
    access: 'viewer',
    query: ViolationsQuery,
    params: NoQuery,
    answer: Violations,
    errors: ['workload_unknown', 'name_ambiguous', 'history_unavailable'],
    handle: async ({ sources, query }) => {
      const { each = EACH_DEFAULT, ...filter } = query;
      const found = await violationsOf(sources, filter, each);
      const passes = filterOf(filter, sources);
      return { items: found.violations.filter(passes), sources: found.sources };
    },
  }),
  operation({
    method: 'get',
    path: '/violations/{id}',
    summary: 'One violation',
    access: 'viewer',
    query: NoQuery,
    params: IdParam,
    answer: Violation,
    errors: ['not_found', 'history_unavailable'],
    handle: ({ sources, params }) => one(sources, params.id),
  }),
  operation({
    ...ACKNOWLEDGE,
    method: 'post',
    summary: 'Says that somebody has seen to a violation; it is listed as open no more',
    body: Acknowledge,
    answer: Violation,
    errors: ['not_found', 'history_unavailable'],
    handle: ({ sources, params, body, caller, changed }) => {
      const at = new Date(sources.clock.now()).toISOString();
      return acknowledge(
        sources,
        params.id,
        { at, by: caller.user || 'web', note: body?.note ?? '' },
        changed,
      );
    },
  }),
  operation({
    ...ACKNOWLEDGE,
    method: 'delete',
    summary: 'Takes that back',
    answer: Violation,
    errors: ['not_found', 'history_unavailable'],
    handle: ({ sources, params, changed }) => acknowledge(sources, params.id, null, changed),
  }),
];

async function violationsOf(sources: ApiSources, query: ViolationFilterQuery, each: number) {
  const now = sources.clock.now();
  const until = query.until === undefined ? now : timeOf(query.until, now, 'until');
  const since = query.since === undefined ? until - WINDOW_MS : timeOf(query.since, now, 'since');
  const found = await sources.violations(since, until, each);
  return { ...found, violations: withModes(found.violations, sources) };
}

function withModes(violations: readonly Violation[], { policy, workloads }: ApiSources): Violation[] {
  const modes = new Map(workloads().map(({ id, mode }) => [id, mode]));
  const modeOf = ({ kind, id }: Violation['from']) =>
    kind === 'host' ? policy.hostMode : (modes.get(id) ?? null);
  return violations.map((violation) => ({
    ...violation,
    modes: [modeOf(violation.from), modeOf(violation.to)],
  }));
}

/** An end is meant by its id, or by the address of one of the flows. */
function filterOf(query: ViolationFilterQuery, sources: ApiSources): (violation: Violation) => boolean {
  const { app, acknowledged } = query;
  const { proto, ports: [low, high] = [0, PORT_MAX] } = servicesAsked(query);
  const is = (name: string | undefined, field: string) => {
    const end = name === undefined ? null : sources.endNamed(name, field);
    return ({ id, address }: Violation['from']): boolean =>
      end === null || ('id' in end ? end.id === id : end.address === address);
  };
  const [from, to, either] = [is(query.from, 'from'), is(query.to, 'to'), is(query.workload, 'workload')];
  return (violation) =>
    from(violation.from) &&
    to(violation.to) &&
    (either(violation.from) || either(violation.to)) &&
    (app === undefined || violation.app === app || (violation.app ?? 'unknown') === app) &&
    low <= violation.port &&
    violation.port <= high &&
    (proto === undefined || violation.proto === proto) &&
    (acknowledged === undefined || (violation.acknowledged !== null) === (acknowledged === 'yes'));
}

async function one(sources: ApiSources, id: string): Promise<Violation> {
  const { violations } = await violationsOf(sources, {}, Number.MAX_SAFE_INTEGER);
  const found = violations.find((violation) => violation.id === id);
  if (found) return found;
  throw new VmoatError('not_found', 'there is no such violation', { field: 'id' });
}

async function acknowledge(
  sources: ApiSources,
  id: string,
  acknowledged: Acknowledgement | null,
  changed: (change: Change) => void,
): Promise<Violation> {
  const violation = await one(sources, id);
  await sources.markViolations([id], acknowledged);
  changed({ before: seenText(violation.acknowledged), after: seenText(acknowledged) });
  return { ...violation, acknowledged };
}
