// Incidents over the API: found, grouped, counted, acknowledged.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Flow,
  Graph,
  Page,
  Problem,
  Status,
  Threat,
  ThreatGroup,
  ThreatKind,
  WebLogin,
} from '../../hostd/api/schema.ts';
import { ask, get, house, now, V1 } from './api-house.ts';
import { askHttps, askSocket, readEvents } from './ask.ts';
import { DB, until, WEB } from './house.ts';

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
