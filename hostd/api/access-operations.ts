// The operations on access: tokens, and the log of what was changed by whom.
import { VmoatError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import type { Caller } from './caller.ts';
import { queryMark, readCursor, writeCursor } from './cursor.ts';
import { timeOf } from './flow-query.ts';
import { durationOf } from './moment.ts';
import { operation } from './operation.ts';
import { AuditQuery, IdParam, LIMIT_DEFAULT, NoQuery, TokenRequest } from './queries.ts';
import { ApiToken, AuditEntry, NewToken, Page } from './schema.ts';
import type { ApiSources } from './sources.ts';

const MINUTE_MS = 60_000;
const LIFE_MS_MAX = 366 * 86_400_000;

export const accessOperations = [
  operation({
    method: 'get',
    path: '/tokens',
    summary: 'All tokens, those that expired too; never what they are made of',
    access: 'admin',
    query: NoQuery,
    params: NoQuery,
    answer: Page(ApiToken),
    handle: ({ sources }) => ({ items: sources.tokens.list(), next: null }),
  }),
  operation({
    method: 'post',
    path: '/tokens',
    summary: 'Makes a token; its secret is shown this once',
    access: 'admin',
    query: NoQuery,
    params: NoQuery,
    body: TokenRequest,
    answer: NewToken,
    errors: ['name_taken'],
    handle: async ({ sources, body, caller, changed }) => {
      const { name, role, scopes = null } = body;
      checkScopes(scopes, caller, sources);
      const expires = expiryOf(body.expires, sources.clock.now());
      const made = await sources.tokens.create({ name, role, scopes, expires }, caller.user || 'web');
      const { id } = made.token;
      changed({ target: name, after: `${id} ${role} ${scopes?.join(',') ?? 'all scopes'}` });
      return made;
    },
  }),
  operation({
    method: 'delete',
    path: '/tokens/{id}',
    summary: 'Revokes a token, named by id or name; it is void at once',
    access: 'admin',
    query: NoQuery,
    params: IdParam,
    answer: ApiToken,
    errors: ['not_found'],
    handle: async ({ sources, params, changed }) => {
      const token = await sources.tokens.revoke(params.id);
      if (!token) throw new VmoatError('not_found', 'there is no such token', { field: 'id' });
      changed({ before: `${token.id} ${token.name} ${token.role}` });
      return token;
    },
  }),
  operation({
    method: 'get',
    path: '/scopes',
    area: 'tokens',
    summary: 'Every scope that a token can be given',
    access: 'viewer',
    query: NoQuery,
    params: NoQuery,
    answer: Page(ApiToken.shape.name),
    handle: ({ sources }) => ({ items: sources.scopes(), next: null }),
  }),
  operation({
    method: 'get',
    path: '/audit',
    summary: 'Who changed what, newest first; also what was refused',
    access: 'admin',
    query: AuditQuery,
    params: NoQuery,
    answer: Page(AuditEntry),
    errors: ['bad_cursor'],
    handle: async ({ sources, query }) => {
      const { cursor, limit = LIMIT_DEFAULT, ...filter } = query;
      const mark = queryMark(filter);
      const position = cursor === undefined ? null : readCursor(cursor, mark);
      const now = sources.clock.now();
      const { since, until, user } = filter;
      const wanted = {
        ...(since !== undefined && { since: timeOf(since, now, 'since') }),
        ...(until !== undefined && { until: timeOf(until, now, 'until') }),
        ...(user !== undefined && { user }),
      };
      const page = await sources.audit.find(wanted, position, limit);
      return { items: page.entries, next: page.next && writeCursor(page.next, mark) };
    },
  }),
];

/** Whoever has a token with scopes gives away no more than that. */
function checkScopes(scopes: readonly string[] | null, caller: Caller, sources: ApiSources): void {
  const known = sources.scopes();
  const unknown = scopes?.find((scope) => !known.includes(scope));
  if (unknown !== undefined) {
    const near = nearest(unknown, known);
    const hint = near.length ? `did you mean ${near.join(', ')}?` : `known: ${known.join(', ')}`;
    throw new VmoatError('bad_request', `there is no scope ${unknown}`, { field: 'scopes', hint });
  }
  const { scopes: own } = caller;
  if (own !== null && (scopes === null || scopes.some((scope) => !own.includes(scope))))
    throw new VmoatError('forbidden', 'a token gives away only scopes that it has', { field: 'scopes' });
}

function expiryOf(text: string, now: number): number {
  const duration = durationOf(text);
  const expires = duration === null ? timeOf(text, now, 'expires') : now + duration;
  if (expires - now >= MINUTE_MS && expires - now <= LIFE_MS_MAX) return expires;
  throw new VmoatError('bad_request', 'expires: must lie a minute to 366 days ahead', { field: 'expires' });
}
