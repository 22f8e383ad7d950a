// Protection as an operator sees it: status, NICs, metrics, explain, and what a model vmoat-dp says of all that.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { GUARDED_CAUSES } from '../../dp/contract/protocol.ts';
import { AuditEntry, EventRecord, Flow, Nic, Page, Status, Workload } from '../../hostd/api/schema.ts';
import { Explanation } from '../../hostd/policy/advice/shapes.ts';
import { PolicyVersion } from '../../hostd/policy/shapes.ts';
import { askSocket } from './ask.ts';
import { DB, House, until, WEB } from './house.ts';
import { runCli } from './run-cli.ts';

const V1 = '/api/v1';
const house = new House();
const { api } = house.config.sockets;
const POLICY = `version: vmoat/v1
groups:
  - { name: db, match: [{ uuid: "${DB}" }], mode: protect, failPolicy: closed, failSafePorts: [tcp/22] }
rules:
  - { id: pg, from: any, to: db, ports: [tcp/5432], action: allow }
`;

async function get<T>(schema: { parse: (json: unknown) => T }, path: string): Promise<T> {
  const answer = await askSocket(api, `${V1}${path}`);
  assert.equal(answer.status, 200, answer.text);
  return schema.parse(answer.json);
}

async function good(...argv: string[]): Promise<string> {
  const ran = await runCli(['--socket', api, ...argv]);
  assert.deepEqual([ran.code, ran.err], [0, '']);
  return ran.out;
}

const enforcing = (panic: string | null = null): void =>
  house.status({
    enforces: true,
    panic: panic === null ? null : { until: panic },
    tapToPolicy: { nics: 4, sumMs: 50, maxMs: 21.5 },
  });

before(async () => {
  await house.open();
  await until(async () => (await get(Status, '/status')).dataplane.state === 'connected');
  house.addresses();
  await until(async () => (await get(Page(Workload), '/workloads')).items.length === 3);
  const applied = await askSocket(house.admin, `${V1}/policy`, {
    method: 'POST',
    body: { text: POLICY },
  });
  assert.equal(applied.status, 200, applied.text);
  PolicyVersion.parse(applied.json);
  house.protection({
    state: 'inline',
    enforcer: 'splice',
    reason: 'a tap on a bridge',
    failPolicy: 'closed',
    frames: { denied: [3, 4], cached: [0, 9000] },
  });
  enforcing();
  await until(async () => (await get(Status, '/status')).dataplane.enforces === true);
  await until(async () =>
    (await get(Page(Nic), '/nics')).items.some((nic) => nic.protection?.state === 'inline'),
  );
});
after(() => house.close());

test('status says whether verdicts are carried out, and how fast policies come in', async () => {
  assert.match(
    await good('status'),
    /^protection {2}on {2}from tap to policy 12\.5 ms on average, 21\.5 ms at most, 4 NICs$/m,
  );
});

test('nic list and nic show say what carries verdicts out, and count by cause', async () => {
  assert.match(await good('nic', 'list'), /vnet2 .* splice +closed .* a tap on a bridge$/m);
  const shown = await good('nic', 'show', 'vnet2');
  assert.match(shown, /^protection +inline: a tap on a bridge$/m);
  assert.match(shown, /^denied +3 +4$/m);
  assert.match(shown, /^cached +0 +9\.0k$/m);
  const nic = Nic.parse(JSON.parse(await good('nic', 'show', '52:54:00:00:00:02', '-o', 'json')));
  assert.deepEqual(nic.protection?.frames, { denied: [3, 4], cached: [0, 9000] });
  const unknown = await runCli(['--socket', api, 'nic', 'show', 'vnet22']);
  assert.equal(unknown.code, 1);
  assert.match(unknown.err, /there is no NIC "vnet22"\ndid you mean vnet2/);
  const vm = await runCli(['--socket', api, 'nic', 'show', 'web-1']);
  assert.match(vm.err, /there is no NIC "web-1"\ndid you mean vnet1/);
});

test('metrics count what became of frames, by NIC, way and cause', async () => {
  const { text } = await askSocket(api, '/metrics');
  for (const line of [
    'vmoat_guarded_frames_total{nic="vnet2",way="to-nic",cause="denied"} 4',
    'vmoat_guarded_frames_total{nic="vnet1",way="from-nic",cause="denied"} 3',
    'vmoat_nics_inline{enforcer="splice"} 2',
    'vmoat_tap_to_policy_seconds_count 4',
    'vmoat_tap_to_policy_seconds_sum 0.05',
    'vmoat_tap_to_policy_seconds_max 0.0215',
    'vmoat_enforces 1',
    'vmoat_panic 0',
  ])
    assert.ok(text.split('\n').includes(line), `${line}\n${text}`);
});

test('docs/protect.md has every cause in its table, and no other', () => {
  const page = readFileSync('docs/protect.md', 'utf8');
  const table = page.slice(page.indexOf('## Causes'), page.indexOf('## Provoking a cause'));
  assert.deepEqual(
    [...table.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, cause]) => cause),
    [...GUARDED_CAUSES],
  );
});

const explained = (query: string) => get(Explanation, `/policy/explanation?${query}`);

test('explain says for each NIC what carries the verdict out, or why nothing does', async () => {
  const { enforcement, verdict } = await explained('from=web-1&to=vm:db%C2%9B31m-1&port=tcp/22');
  assert.equal(verdict, 'deny');
  assert.equal(enforcement.panic, null);
  assert.deepEqual(
    enforcement.nics.map(({ side, tap, enforcer, failPolicy, failSafePort }) => [
      side,
      tap,
      enforcer,
      failPolicy,
      failSafePort,
    ]),
    [
      ['from', 'vnet1', 'splice', 'closed', null],
      ['to', 'vnet2', 'splice', 'closed', 'tcp/22'],
    ],
  );
  const text = await good('explain', '--from', 'web-1', '--to', DB, '--port', 'tcp/22');
  assert.match(
    text,
    /^enforcer .*vnet2: splice \(a tap on a bridge\); fail policy closed; tcp\/22 is a fail-safe port and passes/m,
  );
  const neighbours = await good('explain', '--from', 'web-1', '--to', DB, '--port', 'icmpv6/135');
  assert.match(neighbours, /^verdict +allow: neighbour discovery needs no rule$/m);
  const outside = await explained('from=192.0.2.1&to=host&port=tcp/22');
  assert.deepEqual(outside.enforcement.nics, []);
});

test('explain of a flow that was denied names who denied it and what became of it', async () => {
  const id = { id: 7, dport: 6379, srcSlot: 1, dstSlot: 2, firstMs: Date.now(), denied: 'reset' as const };
  house.flows(id);
  const flow = await until(async () => (await get(Page(Flow), '/flows?port=6379')).items[0] ?? null);
  const { recorded } = await explained(`flow=${flow.id}`);
  assert.deepEqual(recorded, {
    verdict: 'deny',
    rule: null,
    violation: true,
    decidedBy: 'mode',
    enforced: 'reset',
  });
  assert.match(
    await good('explain', flow.id),
    /^recorded +deny and a violation by the mode of db.* \(protect, of db\); reset$/m,
  );
  assert.match(await good('flows', '--port', '6379'), /reset violation$/m);
});

const panicEvents = async (): Promise<string> =>
  (await get(Page(EventRecord), '/events?kind=panic-began,panic-ended')).items.map(({ kind }) => kind).join();

test('panic stands in the status and in every explanation, and is an event when it begins and ends', async () => {
  const until_ = new Date(Date.now() + 600_000).toISOString();
  enforcing(until_);
  await until(async () => (await get(Status, '/status')).dataplane.panic !== null);
  assert.match(
    await good('status'),
    new RegExp(`^protection +panic +nothing is dropped or held until ${until_}`, 'm'),
  );
  assert.match(
    await good('explain', '--from', WEB, '--to', DB, '--port', 'tcp/1'),
    /^enforcer +panic: nothing/m,
  );
  assert.match((await askSocket(api, '/metrics')).text, /^vmoat_panic 1$/m);
  await until(async () => (await panicEvents()) === 'panic-began');
  enforcing();
  await until(async () => (await get(Status, '/status')).dataplane.panic === null);
  await until(async () => (await panicEvents()) === 'panic-ended,panic-began');
});

test('panic is in the audit log when root says so, and when nobody else does', async () => {
  const body = { until: new Date(Date.now() + 60_000).toISOString() };
  const noted = await askSocket(house.admin, `${V1}/panic`, { method: 'POST', body });
  assert.equal(noted.status, 200, noted.text);
  const refused = await askSocket(api, `${V1}/panic`, { method: 'POST', body });
  assert.equal(refused.status, 403, refused.text);
  const log = await askSocket(house.admin, `${V1}/audit?limit=2`);
  assert.deepEqual(
    Page(AuditEntry)
      .parse(log.json)
      .items.map(({ action, target, result, after }) => [action, target, result, after]),
    [
      ['POST /panic', null, 'refused', null],
      ['POST /panic', 'panic', 'done', `until ${body.until}`],
    ],
  );
});

test('panic asks before, and takes only sensible times', async () => {
  const wrong: [string[], number, RegExp][] = [
    [['--allow-all'], 2, /--allow-all needs --for/],
    [['--for', '5m'], 2, /--for goes with --allow-all/],
    [['--allow-all', '--end'], 2, /not both/],
    [['--allow-all', '--for', '59s'], 2, /from 1m to 24h/],
    [['--allow-all', '--for', '25h'], 2, /from 1m to 24h/],
    [['--allow-all', '--for', '15m'], 1, /every VM in protect is open.*\nadd --yes/],
    [['--end', '--pins', '/nowhere'], 1, /enforces nothing|only root/],
  ];
  for (const [options, code, says] of wrong) {
    const ran = await runCli(['--socket', api, 'panic', ...options]);
    assert.deepEqual([ran.code, says.test(ran.err)], [code, true], `${options}: ${ran.err}`);
  }
  assert.match(await good('panic', '--pins', '/nowhere'), /^no panic: /);
});

test('a NIC that nothing is enforced at says why', async () => {
  house.protection({ reason: 'macvtap is observed only' });
  const query = `from=${WEB}&to=${DB}&port=tcp/1`;
  const reasons = async (): Promise<string[]> =>
    (await explained(query)).enforcement.nics.map(({ reason }) => reason);
  const observed = ['its mode is learn: verdicts are only told', 'macvtap is observed only'];
  await until(async () => JSON.stringify(await reasons()) === JSON.stringify(observed));
  house.status({ enforces: false });
  const off = 'vmoat-dp is not told to enforce (--enforce on): verdicts are only told';
  await until(async () => (await reasons()).every((reason) => reason === off));
  assert.match(await good('status'), /^protection +off/m);
});
