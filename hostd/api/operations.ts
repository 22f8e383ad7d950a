// Every operation of the API, read top to bottom.
import { z } from 'zod';
import { VmoatError } from '../base/errors.ts';
import { accessOperations } from './access-operations.ts';
import { adviceOperations } from './advice-operations.ts';
import { queryMark, readCursor, writeCursor } from './cursor.ts';
import { eventFilterOf, eventOperations } from './event-operations.ts';
import { exportOperations } from './export-operations.ts';
import { filterOf, timeOf } from './flow-query.ts';
import { nameOperations } from './name-operations.ts';
import { operation } from './operation.ts';
import { panicOperations } from './panic-operations.ts';
import { policyOperations } from './policy-operations.ts';
import {
  allStreamKinds,
  FlowsQuery,
  GraphQuery,
  IdParam,
  LIMIT_DEFAULT,
  NoQuery,
  SignIn,
  StreamQuery,
} from './queries.ts';
import { ruleOperations } from './rule-operations.ts';
import { Flow, Graph, Nic, Page, Session, Status, StreamEvent, WebLogin, Workload } from './schema.ts';
import { cookieOf, sessionCookie } from './session-cookie.ts';
import type { ApiSources } from './sources.ts';
import type { StreamHub } from './stream-hub.ts';
import { threatOperations } from './threat-operations.ts';
import { threatFilterOf } from './threat-query.ts';
import { violationOperations } from './violation-operations.ts';
import { findWorkload } from './workload-name.ts';

const nothing = { query: NoQuery, params: NoQuery };
const whole = <T>(items: T[]) => ({ items, next: null });

/** `hub` serves the live stream. */
export const operations = (hub: StreamHub) => [
  operation({
    ...nothing,
    method: 'get',
    path: '/status',
    summary: 'How vmoat is: both processes, libvirt, NICs, losses',
    access: 'viewer',
    answer: Status,
    handle: ({ sources }) => sources.status(),
  }),
  operation({
    ...nothing,
    method: 'get',
    path: '/workloads',
    summary: 'All VMs with their NICs',
    access: 'viewer',
    answer: Page(Workload),
    handle: ({ sources }) => whole(sources.workloads()),
  }),
  operation({
    method: 'get',
    path: '/workloads/{id}',
    summary: 'One VM, by UUID, the beginning of it, or name',
    access: 'viewer',
    query: NoQuery,
    params: IdParam,
    answer: Workload,
    errors: ['workload_unknown', 'name_ambiguous'],
    handle: ({ sources, params }) => findWorkload(sources.workloads(), params.id, 'id'),
  }),
  operation({
    ...nothing,
    method: 'get',
    path: '/nics',
    summary: 'All NICs, also those that cannot be tapped, with the reason, and taps that belong to no VM',
    access: 'viewer',
    answer: Page(Nic),
    handle: ({ sources }) => whole(sources.nics()),
  }),
  operation({
    method: 'get',
    path: '/flows',
    summary: 'Flows, newest first by when they began; the order is stable while flows go on',
    access: 'viewer',
    query: FlowsQuery,
    params: NoQuery,
    answer: Page(Flow),
    errors: ['bad_cursor', 'workload_unknown', 'name_ambiguous', 'history_unavailable'],
    handle: async ({ sources, query }) => {
      const { cursor, limit = LIMIT_DEFAULT, ...filter } = query;
      const mark = queryMark(filter);
      const position = cursor === undefined ? null : readCursor(cursor, mark);
      const page = await sources.flows(filterOf(filter, sources), position, limit);
      return { items: page.flows, next: page.next && writeCursor(page.next, mark) };
    },
  }),
  operation({
    method: 'get',
    path: '/flows/{id}',
    summary: 'One flow',
    access: 'viewer',
    query: NoQuery,
    params: IdParam,
    answer: Flow,
    errors: ['not_found', 'history_unavailable'],
    handle: async ({ sources, params }) => {
      const flow = await sources.flow(params.id);
      if (flow) return flow;
      throw new VmoatError('not_found', 'there is no such flow', { field: 'id' });
    },
  }),
  ...threatOperations,
  ...policyOperations,
  ...exportOperations,
  ...adviceOperations,
  ...ruleOperations,
  ...violationOperations,
  ...eventOperations,
  ...nameOperations,
  ...accessOperations,
  ...panicOperations,
  operation({
    method: 'get',
    path: '/graph',
    summary: 'Who talks to whom: live, or in a past window',
    access: 'viewer',
    query: GraphQuery,
    params: NoQuery,
    answer: Graph,
    errors: ['history_unavailable'],
    handle: ({ sources, query }) => graph(sources, query),
  }),
  operation({
    method: 'get',
    path: '/stream',
    summary: 'Server-sent events: what happens, as it happens',
    access: 'viewer',
    query: StreamQuery,
    params: NoQuery,
    answer: StreamEvent,
    stream: true,
    errors: ['too_many_streams', 'workload_unknown', 'name_ambiguous'],
    handle: ({ sources, query, response }) => {
      const { kinds, name, severity, event, ...filter } = query;
      const flows = filterOf(filter, sources);
      const { workload, group, q } = filter;
      const threats = threatFilterOf({ workload, group, q, name, severity }, sources);
      const events = eventFilterOf({ kind: event, severity, q }, sources);
      hub.serve(response, kinds ?? allStreamKinds, { flows, threats, events });
      return undefined;
    },
  }),
  operation({
    ...nothing,
    method: 'get',
    path: '/session',
    summary: 'The session of this browser',
    access: 'viewer',
    answer: Session,
    errors: ['not_found'],
    handle: ({ sources, request }) => {
      const session = sources.sessions.find(cookieOf(request));
      if (session) return session;
      throw new VmoatError('not_found', 'there is no session: this is a Unix socket or a token');
    },
  }),
  operation({
    ...nothing,
    method: 'post',
    path: '/session',
    summary: 'Signs a browser in with a one-time secret; answers with a cookie',
    access: 'anyone',
    body: SignIn,
    answer: Session,
    errors: ['bootstrap_refused', 'rate_limited'],
    handle: ({ sources, body, response }) => {
      const { token, session } = sources.sessions.exchange(body.secret);
      response.setHeader('Set-Cookie', sessionCookie(token, session.expires));
      return session;
    },
  }),
  operation({
    ...nothing,
    method: 'delete',
    path: '/session',
    summary: 'Signs this browser out',
    access: 'anyone',
    answer: z.object({}),
    handle: ({ sources, request, response }) => {
      sources.sessions.end(cookieOf(request));
      response.setHeader('Set-Cookie', sessionCookie('', new Date(0).toISOString()));
      return {};
    },
  }),
  operation({
    ...nothing,
    method: 'post',
    path: '/web-login',
    summary: 'A one-time secret for the web page; of root, for a session that may change something',
    access: 'local',
    answer: WebLogin,
    errors: ['listen_failed'],
    handle: ({ sources, caller }) => sources.webLogin(caller),
  }),
];

function graph(sources: ApiSources, query: z.infer<typeof GraphQuery>): Graph | Promise<Graph> {
  if (query.since === undefined && query.until === undefined) return sources.liveGraph(query.level);
  if (query.since === undefined)
    throw new VmoatError('bad_request', 'since: must be given with until', { field: 'since' });
  const now = sources.clock.now();
  const since = timeOf(query.since, now, 'since');
  const until = query.until === undefined ? now : timeOf(query.until, now, 'until');
  if (since > until)
    throw new VmoatError('bad_request', 'until: must not lie before since', { field: 'until' });
  return sources.pastGraph(since, until, query.level);
}
