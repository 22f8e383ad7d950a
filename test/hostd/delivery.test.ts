// Delivery end to end: a real vmoat-hostd process that is killed while its events wait.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { EventDestination, EventRecord, Page } from '../../hostd/api/schema.ts';
import { adminSocket } from '../../hostd/base/admin-socket.ts';
import { VMOAT_HOSTD } from '../programs.ts';
import { askSocket } from './ask.ts';
import { until } from './until.ts';

const folder = mkdtempSync(join(tmpdir(), 'vmoat-delivery-'));
const api = join(folder, 'api.sock');
const file = join(folder, 'vmoat.yaml');
const hook = { status: 503, asked: [] as { id: string; status: number }[] };
let hostd: ChildProcess | null = null;

const server = createServer((request, response) => {
  hook.asked.push({ id: String(request.headers['vmoat-event']), status: hook.status });
  request.resume();
  response.writeHead(hook.status).end();
});

async function start(): Promise<void> {
  hostd = spawn(process.execPath, [VMOAT_HOSTD, '--config', file], { stdio: 'ignore' });
  await until(() => existsSync(adminSocket(api)), 120_000);
  await until(() => askSocket(api, '/api/v1/status').catch(() => null), 120_000);
}

async function kill(): Promise<void> {
  const child = hostd;
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** Webhooks of these names, and where events of some kinds go. */
function configure(names: string[], also = ''): void {
  const { port } = server.address() as AddressInfo;
  const entry = (name: string): string =>
    `{ name: ${name}, url: "http://127.0.0.1:${port}/", secretFile: ${join(folder, 'secret')} }`;
  writeFileSync(
    file,
    `stateDir: ${join(folder, 'state')}
sockets: { api: ${api}, dataplane: ${join(folder, 'dp.sock')} }
libvirt: { bus: "unix:path=${join(folder, 'bus')}" }
web: { listen: "off" }
log: { level: silent }
webhooks: [${names.map(entry).join(', ')}]
responses: [{ name: starts, when: { kinds: [hostd-started] }, do: [{ webhook: ${names[0]} }] }]
${also}`,
  );
}

const destinations = async (): Promise<string[]> => {
  const { json } = await askSocket(api, '/api/v1/destinations');
  return Page(EventDestination)
    .parse(json)
    .items.map(({ id }) => id);
};
const newest = async (kind: string): Promise<EventRecord | undefined> => {
  const { json } = await askSocket(api, `/api/v1/events?kind=${kind}`);
  return Page(EventRecord).parse(json).items[0];
};

const arrived = (): string[] => hook.asked.filter(({ status }) => status === 200).map(({ id }) => id);
const post = async (path: string) => askSocket(adminSocket(api), `/api/v1${path}`, { method: 'POST' });

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  writeFileSync(join(folder, 'secret'), 'correct horse battery staple');
  configure(['ops']);
  await start();
});
after(async () => {
  await kill();
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

test('an event that waits survives kill -9 and arrives, with the same id', async () => {
  const first = await until(() => hook.asked[0]?.id, 120_000);
  const test = EventRecord.parse((await post('/destinations/webhook:ops/test')).json);
  // Both are on disk before the kill: the list is read from there.
  await until(async () => {
    const { json } = await askSocket(api, '/api/v1/events');
    return Page(EventRecord)
      .parse(json)
      .items.some(({ id }) => id === test.id);
  });
  await kill();
  assert.deepEqual(arrived(), []);
  hook.status = 200;
  await start();
  await until(() => arrived().length >= 3, 120_000);
  assert.deepEqual(arrived().slice(0, 2), [first, test.id], 'what waited goes first, in order');
  assert.equal(new Set(arrived()).size, arrived().length, 'nothing twice');
});

test('what has arrived does not come again after a restart', async () => {
  const before = arrived();
  await until(async () => {
    const { json } = await askSocket(api, '/api/v1/destinations');
    const [ops] = Page(EventDestination).parse(json).items;
    return ops && ops.waiting === 0 && ops.delivered === 3;
  });
  hostd?.kill('SIGTERM');
  if (hostd) await once(hostd, 'exit');
  await start();
  await until(() => arrived().length > before.length, 120_000);
  assert.equal(new Set(arrived()).size, arrived().length);
});

test('an unknown destination is not tested', async () => {
  assert.equal((await post('/destinations/webhook:none/test')).status, 404);
});

test('SIGHUP: other destinations at once; a file with a mistake changes nothing and says so', async () => {
  configure(['ops', 'night']);
  hostd?.kill('SIGHUP');
  await until(async () => (await destinations()).length === 2, 120_000);
  const told = await until(() => newest('config-reloaded'), 120_000);
  assert.equal(told.data.changed, 'webhooks');
  configure(['day'], 'nonsense: true\n');
  hostd?.kill('SIGHUP');
  const refused = await until(() => newest('config-refused'), 120_000);
  assert.match(refused.text, /unknown key `nonsense`.*vmoat config check/);
  assert.deepEqual(await destinations(), ['webhook:ops', 'webhook:night']);
  configure(['day'], 'history: { retentionDays: 3 }\n');
  hostd?.kill('SIGHUP');
  await until(async () => (await destinations()).join() === 'webhook:day', 120_000);
  const last = await until(async () => {
    const event = await newest('config-reloaded');
    return event && event.id !== told.id ? event : null;
  }, 120_000);
  assert.deepEqual(last.data, { file, changed: 'webhooks responses', needRestart: 'history.retentionDays' });
});
