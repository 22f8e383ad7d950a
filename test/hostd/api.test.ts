// The API as a whole: every path as documented, what it refuses, its sockets and metrics.
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { z } from 'zod';
import type { OpenApiDocument } from '../../hostd/api/openapi.ts';
import { Flow, Page, Problem, Threat, Violations, WebLogin } from '../../hostd/api/schema.ts';
import { errorCodes } from '../../hostd/base/error-codes.ts';
import { ask, get, house, page, V1 } from './api-house.ts';
import { type Asked, askSocket, readEvents } from './ask.ts';
import { WEB } from './house.ts';

test('every documented path answers as the served document says', async () => {
  const document = (await ask(`${V1}/openapi.json`)).json as OpenApiDocument;
  assert.equal(document.openapi, '3.1.0');
  const answerOf = (schema: unknown) => z.fromJSONSchema(standalone(schema, document));
  const [flow] = (await get(Page(Flow), '/flows')).items;
  const [threat] = (await get(Page(Threat), '/threats')).items;
  const [violation] = (await get(Violations, '/violations')).items;
  const ids: Record<string, string> = {
    '/workloads/{id}': WEB,
    '/flows/{id}': flow?.id ?? '',
    '/threats/{id}': threat?.id ?? '',
    '/threats/{id}/acknowledge': threat?.id ?? '',
    '/violations/{id}': violation?.id ?? '',
    '/violations/{id}/acknowledge': violation?.id ?? '',
    '/destinations/{id}/test': 'syslog:central',
    '/tokens/{id}': 'doomed',
    '/workloads/{id}/isolate': WEB,
    '/workloads/{id}/release': WEB,
    '/exports/{id}': 'edges',
    '/exports/{id}/run': 'edges',
    '/policy/versions/{id}': '1',
    '/policy/versions/{id}/rollback': '1',
    '/groups/{id}': 'host',
    '/groups/{id}/mode': 'host',
    '/group-proposals/{id}/accept': 'svc.web',
  };
  await askSocket(house.admin, `${V1}/tokens`, { method: 'POST', body: { name: 'doomed', role: 'viewer' } });
  const secret = WebLogin.parse((await ask(`${V1}/web-login`, { method: 'POST' })).json).secret;
  const bodies: Record<string, unknown> = {
    '/session': { secret },
    '/tokens': { name: 'documented', role: 'viewer' },
    '/policy': { text: exporting(page), confirmWithinMs: 3_600_000 },
    '/groups/{id}/mode': { mode: 'monitor' },
    '/policy/plan': {},
    '/panic': { until: null },
  };
  /** A socket has no session, nothing waits any more after it was confirmed, no names propose a group, no rule is old. */
  const refusals: Record<string, number> = {
    'get /session': 404,
    'post /policy/withdraw': 409,
    'post /group-proposals/{id}/accept': 404,
    'post /policy/unused/remove': 404,
  };
  let asked = 0;
  for (const [path, methods] of Object.entries(document.paths))
    for (const [method, operation] of Object.entries(methods)) {
      const { responses } = operation as {
        responses: Record<string, { content: Record<string, { schema: unknown }> }>;
      };
      const [type, { schema } = { schema: null }] = Object.entries(responses['200']?.content ?? {})[0] ?? [];
      const search = path === '/policy/explanation' ? '?from=web-1&to=external&port=tcp/80' : '';
      const target = `${V1}${path.replace('{id}', encodeURIComponent(ids[path] ?? ''))}${search}`;
      asked++;
      if (type === 'text/event-stream') {
        const events = await readEvents(house.config.sockets.api, target, (all) => all.length >= 3);
        for (const event of events) answerOf(schema).parse(event);
        continue;
      }
      const body = method === 'post' && path in bodies ? { body: bodies[path] } : {};
      const answer = await askSocket(house.admin, target, { method: method.toUpperCase(), ...body });
      const refused = refusals[`${method} ${path}`];
      if (refused) assert.equal(answer.status, refused);
      else {
        assert.equal(answer.status, 200, `${method} ${path}: ${answer.text}`);
        assert.match(answer.headers['content-type'] ?? '', /^application\/json/);
        answerOf(schema).parse(answer.json);
      }
    }
  assert.ok(asked >= 22);
});

/** A policy with an export of edges that the clock never runs within a test. */
const exporting = (to: string): string => `version: vmoat/v1
exports:
  - { name: edges, cron: "0 0 1 1 *", what: graph, format: csv, to: ${to} }
`;

type JsonSchema = Parameters<typeof z.fromJSONSchema>[0];

/** zod wants what `$ref` names under $defs; the document keeps it under components. */
function standalone(schema: unknown, document: OpenApiDocument): JsonSchema {
  const whole = { ...(schema as object), $defs: document.components.schemas };
  return JSON.parse(JSON.stringify(whole).replaceAll('#/components/schemas/', '#/$defs/')) as JsonSchema;
}

const refusals: [string, Asked, number, string, string | undefined][] = [
  ['/flows?limit=0', {}, 400, 'bad_request', 'limit'],
  ['/flows?limit=9999', {}, 400, 'bad_request', 'limit'],
  ['/flows?limit=1&limit=2', {}, 400, 'bad_request', 'limit'],
  ['/flows?port=70000', {}, 400, 'bad_request', 'port'],
  ['/flows?since=yesterday', {}, 400, 'bad_request', 'since'],
  ['/flows?since=2026-13-45T00:00:00Z', {}, 400, 'bad_request', 'since'],
  ['/flows?colour=red', {}, 400, 'bad_request', 'colour'],
  ['/flows?cursor=nonsense', {}, 400, 'bad_cursor', 'cursor'],
  ['/flows?from=web-2', {}, 404, 'workload_unknown', 'from'],
  ['/flows/none', {}, 404, 'not_found', 'id'],
  ['/workloads/wbe-1', {}, 404, 'workload_unknown', 'id'],
  ['/graph?until=1h', {}, 400, 'bad_request', 'since'],
  ['/graph?since=1h&until=2h', {}, 400, 'bad_request', 'until'],
  ['/graph?level=host', {}, 400, 'bad_request', 'level'],
  ['/threats?severity=worst', {}, 400, 'bad_request', 'severity'],
  ['/threats?workload=nobody', {}, 404, 'workload_unknown', 'workload'],
  ['/threats/none', {}, 404, 'not_found', 'id'],
  ['/threats/none/acknowledge', { method: 'POST' }, 403, 'forbidden', undefined],
  ['/events?kind=thraet', {}, 400, 'bad_request', 'kind'],
  ['/events?severity=worst', {}, 400, 'bad_request', 'severity'],
  ['/stream?event=nothing', {}, 400, 'bad_request', 'kind'],
  ['/names?address=nowhere', {}, 400, 'bad_request', 'address'],
  ['/names?workload=nobody', {}, 404, 'workload_unknown', 'workload'],
  ['/stream?kinds=everything', {}, 400, 'bad_request', 'kinds.0'],
  ['/nothing', {}, 404, 'not_found', undefined],
  ['/status', { method: 'DELETE' }, 405, 'method_not_allowed', undefined],
  ['/session', { method: 'POST', body: { secret: 'guess' } }, 401, 'bootstrap_refused', undefined],
  ['/session', { method: 'POST', body: 'no json' }, 400, 'bad_request', undefined],
  ['/session', { method: 'POST', body: { secret: 'x'.repeat(20_000) } }, 413, 'body_too_large', undefined],
];

for (const [path, asked, status, code, field] of refusals)
  test(`${asked.method ?? 'GET'} ${path.slice(0, 50)} is refused as ${code}`, async () => {
    const answer = await ask(`${V1}${path}`, asked);
    const problem = Problem.parse(answer.json);
    assert.deepEqual([answer.status, problem.code, problem.field], [status, code, field]);
    assert.match(answer.headers['content-type'] ?? '', /^application\/problem\+json/);
    assert.ok(problem.code in errorCodes);
  });

test('a mistyped name is answered with the nearest', async () => {
  assert.match(Problem.parse((await ask(`${V1}/workloads/wbe-1`)).json).hint ?? '', /web-1/);
});

test('one socket is for root and its group only, the other for root', () => {
  assert.equal(statSync(house.admin).mode & 0o777, 0o600);
  assert.equal(statSync(house.config.sockets.api).mode & 0o777, 0o660);
});

test('metrics speak of the same as the status', async () => {
  const { text, status } = await ask('/metrics');
  assert.equal(status, 200);
  assert.match(text, /^vmoat_nics\{hook="tcx"\} 2$/m);
  assert.match(text, /^vmoat_connected\{to="dataplane"\} 1$/m);
  assert.match(text, /^vmoat_threats_total\{name="scan",severity="medium"\} 2$/m);
  assert.match(text, /^vmoat_threats_open\{severity="critical"\} 1$/m);
  assert.match(text, /^vmoat_lost_total\{cause="ring"\} 0$/m);
});
