import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect } from 'node:tls';
import { z } from 'zod';
import type { OpenApiDocument } from '../../hostd/api/openapi.ts';
import {
  AuditEntry,
  EventKindInfo,
  EventRecord,
  Flow,
  Graph,
  LearnedName,
  NewToken,
  Page,
  Problem,
  Session,
  Status,
  Threat,
  ThreatGroup,
  ThreatKind,
  Violations,
  WebLogin,
  Workload,
} from '../../hostd/api/schema.ts';
import { errorCodes } from '../../hostd/base/error-codes.ts';
import { promised } from '../promised.ts';
import { type Asked, askHttps, askSocket, readEvents } from './ask.ts';
import { DB, House, until, WEB } from './house.ts';

const page = mkdtempSync(join(tmpdir(), 'hos-page-'));
mkdirSync(join(page, 'assets'));
writeFileSync(join(page, 'index.html'), '<!doctype html><title>vmoat</title>');
writeFileSync(join(page, 'assets', 'main-abc.js'), 'export {};');

const house = new House((config) => {
  config.web.root = page;
  const at = { host: '127.0.0.1', facility: 'daemon', appName: 'vmoat', ca: null, timeoutMs: 1000 } as const;
  config.syslog = [{ name: 'central', transport: 'udp', port: 9, ...at }];
});
const V1 = '/api/v1';
const ask = (path: string, asked?: Asked) => askSocket(house.config.sockets.api, path, asked);
const get = async <S extends z.ZodType>(schema: S, path: string): Promise<z.infer<S>> => {
  const answer = await ask(`${V1}${path}`);
  assert.equal(answer.status, 200, answer.text);
  return schema.parse(answer.json);
};
const now = Date.now();

before(async () => {
  await house.open();
  await until(async () => (await get(Status, '/status')).dataplane.state === 'connected');
  await until(async () => (await get(Status, '/status')).libvirt.domains === 3);
  house.addresses();
  house.status();
  await until(async () => (await get(Workload, `/workloads/${WEB}`)).nics[0]?.addresses.length);
  house.flows(
    { id: 1, srcSlot: 1, dstSlot: 2, dport: 5432, layers: [4], firstMs: now - 3000, lastMs: now },
    {
      id: 2,
      srcSlot: 1,
      dst: [192, 0, 2, 7],
      dport: 443,
      layers: [2, 3],
      firstMs: now - 2000,
      facts: [[2, Buffer.from('Example.org')]],
    },
    {
      id: 3,
      srcSlot: 2,
      dstSlot: 1,
      src: [10, 0, 0, 2],
      dst: [10, 0, 0, 1],
      dport: 9999,
      firstMs: now - 1000,
      end: 2,
      violation: true,
    },
  );
  await until(async () => (await get(Page(Flow), '/flows')).items.length === 3);
  house.threats(
    { id: 1, firstMs: now - 3000, count: 7, flow: 1, dport: 5432, evidence: '\u001b[2J<b>' },
    { id: 2, firstMs: now - 2000, dst: [192, 0, 2, 7] },
    { id: 3, threat: 1, firstMs: now - 1000, slot: 2, fromNic: false, src: [192, 0, 2, 9] },
    { id: 4, threat: 2, firstMs: now - 500, src: null, dst: null, slot: 2 },
  );
  await until(async () => (await get(Page(Threat), '/threats')).items.length === 4);
  house.names(
    { name: 'www.example.org', seenMs: now - 3000 },
    { name: 'example.org', address: [192, 0, 2, 2], slot: 2, seenMs: now - 2000 },
    { name: 'www.example.net', slot: 9, seenMs: now - 1000 },
    { name: 'over.example.org', seenMs: now - 400_000 },
  );
  await until(async () => (await get(Page(LearnedName), '/names')).items.length === 3);
});
after(async () => {
  await house.close();
  rmSync(page, { recursive: true });
});

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

test('workloads and NICs are joined from libvirt and the data plane', async () => {
  const { items } = await get(Page(Workload), '/workloads');
  assert.deepEqual(items.map((workload) => workload.state).sort(), ['running', 'running', 'shutoff']);
  const web = await get(Workload, '/workloads/web-1');
  assert.equal(web.id, WEB);
  assert.deepEqual(
    web.nics.map((nic) => [nic.tap, nic.hook, nic.segment, nic.addresses]),
    [['vnet1', 'tcx', 'br0', [{ address: '10.0.0.1', source: 'arp' }]]],
  );
  const off = await get(Workload, '/workloads/off-1');
  assert.deepEqual([off.nics[0]?.hook, off.nics[0]?.reason], ['none', 'the VM does not run']);
});

const naming: [string, string, string][] = [
  ['UUID', WEB, 'web-1'],
  ['UUID in capitals', WEB.toUpperCase(), 'web-1'],
  ['beginning of the UUID', WEB.slice(0, 6), 'web-1'],
  ['name', 'web-1', 'web-1'],
  ['name in capitals', 'WEB-1', 'web-1'],
];
for (const [way, wanted, name] of naming)
  test(`a workload is found by ${way}`, async () => {
    assert.equal((await get(Workload, `/workloads/${encodeURIComponent(wanted)}`)).name, name);
  });

const filters: [string, number][] = [
  ['', 3],
  ['?from=web-1', 2],
  [`?from=${WEB}`, 2],
  ['?to=web-1', 1],
  ['?workload=10.0.0.2', 2],
  ['?to=external', 1],
  ['?app=postgresql', 1],
  ['?app=tls', 1],
  ['?app=unknown', 1],
  ['?port=443', 1],
  ['?verdict=violation', 1],
  ['?verdict=deny', 0],
  ['?q=example.ORG', 1],
  ['?group=web', 3],
  ['?proto=TCP', 3],
  ['?since=1h', 3],
  ['?until=1h', 0],
];
for (const [query, count] of filters)
  test(`flows${query} finds ${count}`, async () => {
    assert.equal((await get(Page(Flow), `/flows${query}`)).items.length, count);
  });

test('pages follow each other, and a cursor fits only its own query', async () => {
  const seen: string[] = [];
  let cursor = '';
  do {
    const page = await get(Page(Flow), `/flows?limit=1${cursor && `&cursor=${cursor}`}`);
    seen.push(...page.items.map((flow) => flow.dport.toString()));
    cursor = page.next ?? '';
  } while (cursor);
  assert.deepEqual(seen, ['9999', '443', '5432']);
  const { next } = await get(Page(Flow), '/flows?limit=1&from=web-1');
  const other = await ask(`${V1}/flows?limit=1&cursor=${next}`);
  assert.deepEqual([other.status, Problem.parse(other.json).code], [400, 'bad_cursor']);
});

test('the live graph has every VM and every edge once', async () => {
  const graph = await get(Graph, '/graph');
  assert.deepEqual(graph.nodes.map((node) => node.kind).sort(), ['external', 'vm', 'vm', 'vm']);
  const postgres = graph.edges.find((edge) => edge.app === 'postgresql');
  assert.deepEqual([postgres?.from, postgres?.to, postgres?.port, postgres?.open], [WEB, DB, 5432, 1]);
  assert.equal(graph.edges.find((edge) => edge.port === 9999)?.violations, 1);
  const groups = await get(Graph, '/graph?level=group');
  assert.deepEqual(
    groups.nodes
      .map((node) => node.name)
      .filter((name) => name === 'web' || name === 'external')
      .sort(),
    ['external', 'web'],
  );
});

test('the graph of a past window comes from the history', async () => {
  const past = await get(Graph, '/graph?since=10m');
  assert.equal(past.edges.length, 3);
  assert.deepEqual(past.edges.find((edge) => edge.app === 'postgresql')?.bytes, [1000, 2000]);
  const before = await get(Graph, '/graph?since=2h&until=1h');
  assert.equal(before.edges.length, 0);
  assert.equal(before.nodes.length, 3);
});

test('the stream tells a new flow at once, its filters hold, and the graph follows', async () => {
  let told = false;
  const tellOnce = (): void => {
    if (told) return;
    told = true;
    house.flows(
      { id: 10, srcSlot: 1, dport: 80, layers: [1] },
      { id: 11, srcSlot: 1, dport: 53, proto: 17, layers: [5] },
    );
  };
  const events = await readEvents(
    house.config.sockets.api,
    `${V1}/stream?kinds=flows,graph&app=dns`,
    (events) => {
      tellOnce(); // the stream begins with the graph as it is
      const graphs = events.filter((event) => event.kind === 'graph').length;
      return events.some((event) => event.kind === 'flows') && graphs >= 2;
    },
  );
  const flows = events.filter((event) => event.kind === 'flows').flatMap((event) => event.flows as Flow[]);
  assert.deepEqual(
    flows.map((flow) => flow.app),
    ['dns'],
  );
});

test('incidents: who did what to whom, where, and the proof as it came', async () => {
  const { items } = await get(Page(Threat), '/threats');
  assert.deepEqual(
    items.map(({ name, severity, action, from, to, nic, sender }) =>
      [name, severity, action, from?.name, to?.name, nic, sender].join(' '),
    ),
    [
      'ssh-v1 high alert db\u009b31m-1  vnet2 guest',
      'land critical deny external db\u009b31m-1 vnet2 network',
      'scan medium alert web-1 external vnet1 guest',
      'scan medium alert web-1 db\u009b31m-1 vnet1 guest',
    ],
  );
  const scan = items[3];
  assert.deepEqual(
    [scan?.count, scan?.evidence, scan?.flow, scan?.source, scan?.proto],
    [7, '\u001b[2J<b>', (await get(Page(Flow), '/flows?port=5432')).items[0]?.id, WEB, 'tcp'],
  );
  assert.deepEqual([items[0]?.proto, items[0]?.src], ['ethernet', null]);
  const one = await get(Threat, `/threats/${scan?.id}`);
  assert.deepEqual(one, scan);
  assert.match(one.from?.why ?? '', /entered by tap vnet1/);
});

const threatFilters: [string, number][] = [
  ['', 4],
  ['?name=scan', 2],
  ['?severity=high', 2],
  ['?severity=critical', 1],
  ['?workload=web-1', 2],
  [`?workload=${DB}`, 3],
  ['?workload=192.0.2.9', 1],
  ['?group=web', 2],
  [`?source=${WEB}`, 2],
  ['?q=%3Cb', 1],
  ['?q=SCAN', 2],
  ['?acknowledged=no', 4],
  ['?acknowledged=yes', 0],
  ['?since=1h', 4],
  ['?until=1h', 0],
];
for (const [query, count] of threatFilters)
  test(`threats${query} finds ${count}`, async () => {
    assert.equal((await get(Page(Threat), `/threats${query}`)).items.length, count);
  });

test('pages of incidents follow each other', async () => {
  const first = await get(Page(Threat), '/threats?limit=3');
  const second = await get(Page(Threat), `/threats?limit=3&cursor=${first.next}`);
  assert.deepEqual([first.items.length, second.items.length, second.next], [3, 1, null]);
  const other = await ask(`${V1}/threats?limit=1&name=scan&cursor=${first.next}`);
  assert.deepEqual([other.status, Problem.parse(other.json).code], [400, 'bad_cursor']);
});

test('names: newest first, with who asked and until when they count', async () => {
  const { items } = await get(Page(LearnedName), '/names');
  assert.deepEqual(
    items.map(({ name, workload }) => [name, workload]),
    [
      ['www.example.net', null],
      ['example.org', DB],
      ['www.example.org', WEB],
    ],
  );
  const iso = (ms: number): string => new Date(ms).toISOString();
  assert.deepEqual(items[2], {
    name: 'www.example.org',
    address: '192.0.2.1',
    nic: 'vnet1',
    workload: WEB,
    workloadName: 'web-1',
    segment: items[2]?.segment,
    server: '10.0.0.254',
    ttl: 300,
    first: iso(now - 3000),
    seen: iso(now - 3000),
    until: iso(now + 327_000),
  });
});

const nameFilters: [query: string, count: number][] = [
  ['?name=*.example.org', 1],
  ['?name=*EXAMPLE.ORG', 2],
  ['?name=www.example.*', 2],
  ['?name=www.example.???', 2],
  ['?name=example.org.', 1],
  ['?name=example', 0],
  ['?address=192.0.2.1', 2],
  ['?address=2001:db8::1', 0],
  ['?workload=web-1', 1],
  ['?workload=off-1', 0],
  ['?nic=vnet2', 1],
  ['?name=*.example.org&address=192.0.2.2', 0],
];
for (const [query, count] of nameFilters)
  test(`names${query} finds ${count}`, async () => {
    assert.equal((await get(Page(LearnedName), `/names${query}`)).items.length, count);
  });

test('pages of names follow each other', async () => {
  const first = await get(Page(LearnedName), '/names?limit=2');
  const second = await get(Page(LearnedName), `/names?limit=2&cursor=${first.next}`);
  assert.deepEqual([first.items.length, second.items.length, second.next], [2, 1, null]);
  const other = await ask(`${V1}/names?limit=1&name=*&cursor=${first.next}`);
  assert.deepEqual([other.status, Problem.parse(other.json).code], [400, 'bad_cursor']);
});

test('groups: one item for what one source does, the worst first', async () => {
  const { items } = await get(Page(ThreatGroup), '/threat-groups');
  assert.deepEqual(
    items.map(({ name, incidents, open, count, targets }) => [name, incidents, open, count, targets]),
    [
      ['land', 1, 1, 1, 1],
      ['ssh-v1', 1, 1, 1, 1],
      ['scan', 2, 2, 8, 2],
    ],
  );
  assert.equal((await get(Page(ThreatGroup), '/threat-groups?limit=1')).items.length, 1);
});

test('kinds are those of vmoat-dp, and open incidents are in status and graph', async () => {
  const { items } = await get(Page(ThreatKind), '/threat-kinds');
  assert.deepEqual([items.length, items[1]?.name, items[1]?.action], [3, 'land', 'deny']);
  assert.deepEqual((await get(Status, '/status')).threats, { low: 0, medium: 2, high: 1, critical: 1 });
  const graph = await get(Graph, '/graph');
  const marks = graph.nodes.map(({ id, threats }) => [id, threats?.open, threats?.worst]);
  assert.deepEqual(
    marks.find(([id]) => id === WEB),
    [WEB, 2, 'medium'],
  );
  assert.deepEqual(
    marks.find(([id]) => id === DB),
    [DB, 3, 'critical'],
  );
  const edge = graph.edges.find((each) => each.port === 5432);
  assert.deepEqual(edge?.threats, { open: 1, worst: 'medium' });
  const groups = await get(Graph, '/graph?level=group');
  assert.equal(groups.nodes.find((node) => node.name === 'web')?.threats?.open, 2);
});

test('events: what happened, who it was about, filtered and paged', async () => {
  const kinds = await get(Page(EventKindInfo), '/event-kinds');
  assert.ok(kinds.items.some(({ name }) => name === 'threat'));
  const all = await until(async () => {
    const { items } = await get(Page(EventRecord), '/events');
    return items.filter(({ kind }) => kind === 'threat').length === 3 ? items : null;
  });
  assert.deepEqual(
    [...all].reverse().map(({ id }) => id),
    all.map(({ id }) => id).sort(),
  );
  const found = async (query: string) =>
    (await get(Page(EventRecord), `/events${query}`)).items.map(({ kind }) => kind);
  assert.deepEqual(await found('?kind=dataplane-connected,libvirt-connected').then((names) => names.sort()), [
    'dataplane-connected',
    'libvirt-connected',
  ]);
  assert.deepEqual(await found('?kind=threat&severity=high'), ['threat', 'threat']);
  assert.deepEqual(await found('?kind=threat&subject=web-1'), ['threat']);
  assert.deepEqual(await found(`?kind=threat&subject=${WEB}&q=SCAN`), ['threat']);
  assert.deepEqual(await found('?until=1h'), []);
  const first = await get(Page(EventRecord), '/events?kind=threat&limit=2');
  const second = await get(Page(EventRecord), `/events?kind=threat&limit=2&cursor=${first.next}`);
  assert.deepEqual([first.items.length, second.items.length, second.next], [2, 1, null]);
});

test('only root acknowledges; it is told, counted, kept and can be taken back', async () => {
  const [scan] = (await get(Page(Threat), '/threats?name=scan')).items;
  const path = `${V1}/threats/${scan?.id}/acknowledge`;
  const refused = await ask(path, { method: 'POST' });
  assert.deepEqual([refused.status, Problem.parse(refused.json).code], [403, 'forbidden']);
  assert.equal((await ask(path, { method: 'DELETE' })).status, 403);
  let begun = (): void => undefined;
  const streaming = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const reading = readEvents(
    house.config.sockets.api,
    `${V1}/stream?kinds=threats,status&name=scan`,
    (events) => {
      begun(); // the stream begins with the status as it is
      return events.some((event) => event.kind === 'threats');
    },
    60_000,
  );
  await streaming;
  const asked = { method: 'POST', body: { note: 'ours' }, headers: { 'vmoat-user': 'ann' } };
  const done = Threat.parse((await askSocket(house.admin, `${path}?alike=yes`, asked)).json);
  assert.deepEqual([done.acknowledged?.by, done.acknowledged?.note], ['ann', 'ours']);
  const told = (await reading).flatMap((event) => (event as { threats?: Threat[] }).threats ?? []);
  assert.deepEqual(
    told.map(({ name, acknowledged }) => [name, acknowledged?.by]),
    [
      ['scan', 'ann'],
      ['scan', 'ann'],
    ],
  );
  assert.equal((await get(Page(Threat), '/threats?acknowledged=yes')).items.length, 2);
  assert.equal((await get(Page(Threat), '/threats?q=ours')).items.length, 2);
  assert.equal((await get(Status, '/status')).threats.medium, 0);
  house.threats({ id: 1, firstMs: now - 3000, lastMs: now, count: 9, flow: 1, dport: 5432 });
  const grown = await until(async () => {
    const threat = (await get(Page(Threat), '/threats?workload=10.0.0.2&name=scan')).items[0];
    return threat?.count === 9 ? threat : null;
  });
  assert.equal(grown.acknowledged?.by, 'ann', 'an incident that goes on stays acknowledged');
  const undone = await askSocket(house.admin, `${path}?alike=yes`, { method: 'DELETE' });
  assert.equal(Threat.parse(undone.json).acknowledged, null);
  assert.equal((await get(Status, '/status')).threats.medium, 2);
});

test('a browser may acknowledge where root signed it in', async () => {
  const page = house.daemon?.page ?? '';
  const [threat] = (await get(Page(Threat), '/threats?name=land')).items;
  const path = `${V1}/threats/${threat?.id}/acknowledge`;
  const post = async (socket: string) => {
    const headers = { 'vmoat-user': 'ann' };
    const asked = await askSocket(socket, `${V1}/web-login`, { method: 'POST', headers });
    const { secret } = WebLogin.parse(asked.json);
    const signedIn = await askHttps(page, `${V1}/session`, { method: 'POST', body: { secret } });
    const cookie = String(signedIn.headers['set-cookie']).split(';')[0] ?? '';
    const foreign = { cookie, origin: 'https://evil.example' };
    assert.equal((await askHttps(page, path, { method: 'POST', headers: foreign })).status, 403);
    return askHttps(page, path, { method: 'POST', body: { note: '' }, headers: { cookie } });
  };
  const viewer = await post(house.config.sockets.api);
  assert.deepEqual([viewer.status, Problem.parse(viewer.json).code], [403, 'forbidden']);
  const admin = await post(house.admin);
  assert.equal(Threat.parse(admin.json).acknowledged?.by, 'ann');
  assert.equal((await askHttps(page, path, { method: 'POST' })).status, 401);
  await askSocket(house.admin, path, { method: 'DELETE' });
});

const makeToken = async (body: object): Promise<string> => {
  const answer = await askSocket(house.admin, `${V1}/tokens`, { method: 'POST', body });
  assert.equal(answer.status, 200, answer.text);
  return NewToken.parse(answer.json).secret;
};
const bearer = (secret: string, asked: Asked = {}): Asked => ({
  ...asked,
  headers: { authorization: `Bearer ${secret}` },
});

test('tokens: each role may what it may, each scope what it says, over HTTPS alone', async () => {
  const page = house.daemon?.page ?? '';
  const [threat] = (await get(Page(Threat), '/threats?name=land')).items;
  const ack = `${V1}/threats/${threat?.id}/acknowledge`;
  const status = async (secret: string, path: string, asked: Asked = {}): Promise<number> =>
    (await askHttps(page, path, bearer(secret, asked))).status;
  const viewer = await makeToken({ name: 'v', role: 'viewer', expires: '30d' });
  const operator = await makeToken({ name: 'o', role: 'operator' });
  const admin = await makeToken({ name: 'a', role: 'admin' });
  const scoped = await makeToken({ name: 's', role: 'admin', scopes: ['flows:read', 'tokens:write'] });
  const post = { method: 'POST' };
  assert.deepEqual(
    [await status(viewer, `${V1}/status`), await status(viewer, '/metrics'), await status(viewer, ack, post)],
    [200, 200, 403],
  );
  assert.deepEqual([await status(operator, ack, post), await status(operator, `${V1}/tokens`)], [200, 403]);
  assert.equal((await get(Threat, `/threats/${threat?.id}`)).acknowledged?.by, 'token:o');
  assert.deepEqual([await status(admin, `${V1}/tokens`), await status(admin, `${V1}/audit`)], [200, 200]);
  assert.deepEqual(
    [
      await status(scoped, `${V1}/flows`),
      await status(scoped, `${V1}/threats`),
      await status(scoped, '/metrics'),
      await status(scoped, ack, { method: 'DELETE' }),
    ],
    [200, 403, 403, 403],
  );
  const wider = { method: 'POST', body: { name: 'wider', role: 'admin' } };
  assert.equal(await status(scoped, `${V1}/tokens`, wider), 403, 'no way around its scopes');
  assert.equal(await status(viewer, `${V1}/web-login`, post), 403);
  assert.equal(await status(viewer, `${V1}/session`), 404);
  assert.equal((await ask(ack, bearer(admin, post))).status, 403, 'the socket knows no tokens');
  await askSocket(house.admin, `${V1}/tokens/v`, { method: 'DELETE' });
  assert.equal(await status(viewer, `${V1}/status`), 401);
  await askSocket(house.admin, ack, { method: 'DELETE' });
});

test('tokens: what is wrong with one that is asked for', async () => {
  const wrong = async (body: object): Promise<[number, string | undefined]> => {
    const answer = await askSocket(house.admin, `${V1}/tokens`, { method: 'POST', body });
    return [answer.status, Problem.parse(answer.json).field];
  };
  assert.deepEqual(await wrong({ name: 'a', role: 'viewer' }), [409, 'name']);
  assert.deepEqual(await wrong({ name: 'x', role: 'root' }), [400, 'role']);
  assert.deepEqual(await wrong({ name: 'x y', role: 'viewer' }), [400, 'name']);
  assert.deepEqual(await wrong({ name: 'x', role: 'viewer', scopes: ['flow:read'] }), [400, 'scopes']);
  assert.deepEqual(await wrong({ name: 'x', role: 'viewer', expires: '400d' }), [400, 'expires']);
  assert.deepEqual(await wrong({ name: 'x', role: 'viewer', expires: '1s' }), [400, 'expires']);
});

test('the audit log: who, from where, what, before and after; refusals, too; never a secret', async () => {
  const [threat] = (await get(Page(Threat), '/threats?name=land')).items;
  const ack = `${V1}/threats/${threat?.id}/acknowledge`;
  const asked = { method: 'POST', headers: { 'vmoat-user': 'ann' } };
  await askSocket(house.admin, ack, asked);
  await askSocket(house.admin, ack, { method: 'DELETE' });
  await ask(ack, { method: 'POST' });
  await askSocket(house.admin, `${V1}/threats/none/acknowledge`, { method: 'POST' });
  const secret = await makeToken({ name: 'seen', role: 'viewer', scopes: ['flows:read'] });
  const answer = await askSocket(house.admin, `${V1}/audit?limit=5`);
  const { items } = Page(AuditEntry).parse(answer.json);
  assert.ok(!answer.text.includes(secret));
  assert.deepEqual(
    items.map(({ user, from, action, target, result, code }) => [user, from, action, target, result, code]),
    [
      ['root', 'admin.sock', 'POST /tokens', 'seen', 'done', null],
      ['root', 'admin.sock', 'POST /threats/{id}/acknowledge', 'none', 'failed', 'not_found'],
      ['', 'api.sock', 'POST /threats/{id}/acknowledge', threat?.id, 'refused', 'forbidden'],
      ['root', 'admin.sock', 'DELETE /threats/{id}/acknowledge', threat?.id, 'done', null],
      ['ann', 'admin.sock', 'POST /threats/{id}/acknowledge', threat?.id, 'done', null],
    ],
  );
  assert.match(items[0]?.after ?? '', /^[0-9a-f]{12} viewer flows:read$/);
  assert.deepEqual(items[4]?.before, 'open');
  assert.match(items[4]?.after ?? '', /^acknowledged by ann at /);
  assert.match(items[3]?.before ?? '', /^acknowledged by ann at /);
  const ann = await askSocket(house.admin, `${V1}/audit?user=ann&limit=1`);
  assert.equal(Page(AuditEntry).parse(ann.json).items[0]?.user, 'ann');
  assert.equal((await ask(`${V1}/audit`)).status, 403);
});

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

test('HTTPS: nothing without a session; the secret works once; the cookie is for this host only', async () => {
  const page = house.daemon?.page ?? '';
  assert.equal((await askHttps(page, `${V1}/status`)).status, 401);
  assert.equal((await askHttps(page, '/metrics')).status, 401);
  assert.equal((await askHttps(page, `${V1}/web-login`, { method: 'POST' })).status, 403);
  const { secret, fingerprint, url } = WebLogin.parse(
    (await ask(`${V1}/web-login`, { method: 'POST' })).json,
  );
  assert.equal(url, `${page}#secret=${secret}`);
  assert.equal(await servedFingerprint(page), fingerprint);
  const foreign = { method: 'POST', body: { secret }, headers: { origin: 'https://evil.example' } };
  assert.equal((await askHttps(page, `${V1}/session`, foreign)).status, 403);
  const signedIn = await askHttps(page, `${V1}/session`, { method: 'POST', body: { secret } });
  assert.equal(signedIn.status, 200, signedIn.text);
  Session.parse(signedIn.json);
  const set = String(signedIn.headers['set-cookie']);
  assert.match(set, /^__Host-vmoat=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Strict; Expires=/);
  assert.equal((await askHttps(page, `${V1}/session`, { method: 'POST', body: { secret } })).status, 401);
  const cookie = set.split(';')[0] ?? '';
  const status = await askHttps(page, `${V1}/status`, { headers: { cookie } });
  Status.parse(status.json);
  assert.match(String(status.headers['content-security-policy']), /default-src 'none'/);
  assert.doesNotMatch(String(status.headers['content-security-policy']), /unsafe|data:/);
  assert.equal(status.headers['x-powered-by'], undefined);
  assert.equal((await askHttps(page, `${V1}/session`, { headers: { cookie } })).status, 200);
  assert.equal(
    (await askHttps(page, `${V1}/session`, { method: 'DELETE', headers: { cookie } })).status,
    200,
  );
  assert.equal((await askHttps(page, `${V1}/status`, { headers: { cookie } })).status, 401);
});

const servedFingerprint = (page: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const { hostname: host, port } = new URL(page);
    const socket = connect({ host, port: Number(port), rejectUnauthorized: false }, () => {
      const certificate = new X509Certificate(socket.getPeerCertificate(true).raw);
      assert.ok(certificate.verify(certificate.publicKey));
      assert.equal(certificate.checkIP('127.0.0.1'), '127.0.0.1');
      socket.destroy();
      resolve(certificate.fingerprint256);
    });
    socket.on('error', reject);
  });

test('the page: itself for every path of its own, its files with long lives, nothing else', async () => {
  const address = house.daemon?.page ?? '';
  const html = { headers: { accept: 'text/html' } };
  for (const path of ['/', '/flows?app=dns', '/vm/web-1']) {
    const answer = await askHttps(address, path, html);
    assert.deepEqual([answer.status, answer.text], [200, '<!doctype html><title>vmoat</title>']);
  }
  const script = await askHttps(address, '/assets/main-abc.js');
  assert.match(String(script.headers['cache-control']), /immutable/);
  assert.equal((await askHttps(address, '/assets/none.js')).status, 404);
  const outside = await askHttps(address, '/..%2f..%2f..%2f..%2fetc/passwd');
  assert.ok(!outside.text.includes('root:'), 'no way out of the folder');
  const missing = await askHttps(address, `${V1}/nothing`, html);
  assert.equal(Problem.parse(missing.json).code, 'not_found');
  assert.equal((await ask('/')).status, 404, 'no page on the Unix socket');
});

test('guessing tokens is slowed down, whatever is brought then', async () => {
  const address = house.daemon?.page ?? '';
  const good = await makeToken({ name: 'patient', role: 'viewer' });
  const guess = bearer('vmoat_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA');
  const codes: number[] = [];
  for (let n = 0; n < 22; n++) codes.push((await askHttps(address, `${V1}/status`, guess)).status);
  assert.deepEqual([codes[0], codes.at(-1)], [401, 429]);
  assert.equal((await askHttps(address, `${V1}/status`, bearer(good))).status, 429);
});

test('guessing secrets is slowed down', async () => {
  const address = house.daemon?.page ?? '';
  const guess = { method: 'POST', body: { secret: 'guess' } };
  const codes = new Set<number>();
  let last = await askHttps(address, `${V1}/session`, guess);
  for (let n = 0; n < 25; n++) {
    last = await askHttps(address, `${V1}/session`, guess);
    codes.add(last.status);
  }
  assert.deepEqual([...codes], [401, 429]);
  assert.equal(Problem.parse(last.json).code, 'rate_limited');
});

test('sessions are stored hashed, readable by hostd alone', async () => {
  const file = join(house.config.stateDir, 'sessions.json');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(statSync(join(house.config.stateDir, 'web-key.pem')).mode & 0o777, 0o600);
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

test('hostd survives the end of dp, says so, and is back within two seconds', async (context) => {
  await house.closeDataplane();
  const gone = await until(async () => {
    const status = await get(Status, '/status');
    return status.dataplane.state === 'reconnecting' ? status : null;
  });
  assert.match(gone.dataplane.reason, /vmoat-dp|ENOENT|ECONNREFUSED/);
  assert.equal((await get(Page(Workload), '/workloads')).items.length, 3);
  await house.openDataplane();
  const opened = Date.now();
  const back = await until(async () => {
    const status = await get(Status, '/status');
    return status.dataplane.state === 'connected' ? status : null;
  });
  promised(context, 'hostd is connected to the new dp', 2000, Date.now() - opened);
  assert.equal(back.dataplane.reconnects, 1);
  const flow = (await get(Page(Flow), '/flows?app=postgresql')).items[0];
  assert.equal(flow?.end, 'evicted');
});

test('incidents and what was said of them outlive hostd; what dp sends again changes nothing', async () => {
  const [scan] = (await get(Page(Threat), '/threats?name=scan')).items;
  const acknowledge = `${V1}/threats/${scan?.id}/acknowledge`;
  assert.equal((await askSocket(house.admin, acknowledge, { method: 'POST' })).status, 200);
  const before = await get(Page(Threat), '/threats');
  await house.daemon?.stop();
  await house.openDaemon();
  await until(async () => (await get(Status, '/status')).dataplane.state === 'connected');
  assert.deepEqual(await get(Page(Threat), '/threats'), before);
  assert.equal((await get(Threat, `/threats/${scan?.id}`)).acknowledged?.by, 'root');
});

test('violations: one for all flows of an edge, acknowledged by root, told as an event', async () => {
  const at = Date.now();
  const violation = { srcSlot: 1, dstSlot: 2, violation: true, firstMs: at } as const;
  house.flows({ id: 901, dport: 6000, ...violation }, { id: 902, dport: 6000, sport: 40_001, ...violation });
  house.flows({ id: 903, dport: 6001, layers: [1], ...violation });
  const list = async (query: string) => (await get(Violations, `/violations?${query}`)).items;
  const [found] = await until(async () => {
    const items = await list('port=6000');
    return items[0]?.flows === 2 ? items : null;
  });
  assert.deepEqual(
    [found?.from.name, found?.app, found?.verdict, found?.decidedBy, found?.acknowledged],
    ['web-1', null, 'allow', 'mode', null],
  );
  assert.deepEqual(
    (await list('app=http&port=6001')).map(({ port }) => port),
    [6001],
  );
  assert.deepEqual(await list(`port=6000&to=${WEB}`), []);
  const path = `${V1}/violations/${found?.id}/acknowledge`;
  const body = JSON.stringify({ note: 'known' });
  assert.equal((await askSocket(house.config.sockets.api, path, { method: 'POST', body })).status, 403);
  assert.equal((await askSocket(house.admin, path, { method: 'POST', body })).status, 200);
  assert.deepEqual(await list('port=6000&acknowledged=no'), []);
  assert.equal((await list('port=6000'))[0]?.acknowledged?.note, 'known');
  assert.equal((await askSocket(house.admin, path, { method: 'DELETE' })).status, 200);
  assert.equal((await list('port=6000&acknowledged=no')).length, 1);
  assert.equal((await ask(`${V1}/violations/nonsense`)).status, 404);
  const events = (await get(Page(EventRecord), '/events?kind=violation')).items;
  assert.match(
    events.map(({ text }) => text).join('\n'),
    /^web-1 to .*unknown on tcp\/6000: no rule allows it$/m,
  );
});

test('the stream tells events as they happen, its filters hold', async () => {
  let begun = false;
  const events = await readEvents(
    house.config.sockets.api,
    `${V1}/stream?kinds=events,status&event=threat&severity=critical`,
    (events) => {
      if (!begun)
        house.threats(
          { id: 20, threat: 2, src: [192, 0, 2, 20], firstMs: now },
          { id: 21, threat: 1, src: [192, 0, 2, 21], firstMs: now },
        );
      begun = true; // the stream begins with the status as it is
      return events.some((event) => event.kind === 'events');
    },
    60_000,
  );
  const told = events.flatMap((event) => (event.events as EventRecord[] | undefined) ?? []);
  assert.deepEqual(
    told.map(({ data }) => data.threat),
    ['land'],
  );
});

test('events outlive hostd, which says that it began anew', async () => {
  const before = (await get(Page(EventRecord), '/events?kind=threat')).items;
  await house.daemon?.stop();
  await house.openDaemon();
  const starts = await until(async () => {
    const { items } = await get(Page(EventRecord), '/events?kind=hostd-started');
    return items.length >= 3 ? items : null;
  });
  assert.equal(starts.length, 3);
  assert.deepEqual((await get(Page(EventRecord), '/events?kind=threat')).items, before);
});

test('a second hostd on the same socket is refused; after a kill the stale socket is taken over', async () => {
  await assert.rejects(house.openDaemon(), { code: 'listen_failed' });
});
