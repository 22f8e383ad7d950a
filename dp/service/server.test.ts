import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { promised } from '../../test/promised.ts';
import { flowBatch } from '../../test/wire/flow-batch.ts';
import { DataplaneClient } from '../client/dataplane-client.ts';
import type { DataplaneError } from '../client/dataplane-error.ts';
import { type Frame, FrameReader, frameHead, jsonBody, jsonFrame } from '../client/framing.ts';
import {
  ADDRESS_RECORD_BYTES,
  FLOW_RECORD_BYTES,
  NAME_RECORD_BYTES,
  THREAT_RECORD_BYTES,
} from '../client/layout.ts';
import type { PolicyTables } from '../contract/policy.ts';
import {
  type DpStatus,
  type Inventory,
  MessageType,
  PROTOCOL_VERSION,
  type Receipt,
  type Welcome,
} from '../contract/protocol.ts';
import { BACKLOG_BYTES_MAX } from './backlog.ts';
import { Hub } from './hub.ts';
import { jsonLog } from './log.ts';
import { listen } from './server.ts';
import { ServiceError } from './service-error.ts';

const WELCOME: Welcome = {
  protocol: PROTOCOL_VERSION,
  version: '0.0.0',
  layout: 1,
  instance: 'one',
  startedAt: '2026-01-01T00:00:00.000Z',
  pid: 1,
  registry: { applications: [''], facts: [''], anomalies: [], threats: [] },
  threats: [],
  flowRecordBytes: FLOW_RECORD_BYTES,
  addressRecordBytes: ADDRESS_RECORD_BYTES,
  fallback: null,
  nameRecordBytes: NAME_RECORD_BYTES,
  threatRecordBytes: THREAT_RECORD_BYTES,
};
const STATUS = {
  workers: [],
  flows: { kernel: 0, kernelMax: 1, sessions: 0, sessionsMax: 1, pickedUp: 0 },
  enforces: false,
  panic: null,
  tapToPolicy: { nics: 0, sumMs: 0, maxMs: 0 },
  frames: 0,
  records: 0,
  retold: 0,
  lost: {
    ring: 0,
    budget: 0,
    table: 0,
    quota: 0,
    read: 0,
    sessions: 0,
    fallback: 0,
    names: 0,
    threats: 0,
    held: 0,
    records: 5,
  },
  anomalies: {},
  threats: {},
};

let folder: string;
let path: string;
const POLICY: PolicyTables = { generation: 4, groups: [], rules: [], nics: [], unknown: [0], ends: [] };

let server: Server;
let hub: Hub;
let refreshes: number;
let inventories: Inventory[];
let policies: PolicyTables[];
const clients: { destroy(): unknown }[] = [];

async function serve(options: { uid?: number; welcome?: Partial<Welcome> } = {}): Promise<void> {
  const account = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  hub = new Hub(WELCOME.instance, () => refreshes++);
  server = await listen(
    {
      path,
      accounts: [account],
      welcome: { ...WELCOME, ...options.welcome },
      peerCredentials: () => ({ pid: 1, uid: options.uid ?? account.uid, gid: 0 }),
      inventory: (inventory) => inventories.push(inventory),
      policy: (tables) => policies.push(tables),
    },
    hub,
    jsonLog(() => {}),
  );
}

async function close(): Promise<void> {
  for (const client of clients.splice(0)) client.destroy();
  hub.close();
  if (server.listening) await new Promise((done) => server.close(done));
}

/** A client by hand: sends bytes, collects frames. */
function raw(): { socket: Socket; frames: Frame[]; next: () => Promise<Frame> } {
  const socket = connect({ path });
  clients.push(socket);
  const reader = new FrameReader();
  const frames: Frame[] = [];
  socket.on('data', (chunk) => frames.push(...reader.push(chunk)));
  socket.on('error', () => {});
  const next = async (): Promise<Frame> => {
    while (frames.length === 0) await once(socket, 'data');
    return frames.shift() as Frame;
  };
  return { socket, frames, next };
}
const hello = (protocol: unknown = PROTOCOL_VERSION, has?: unknown): Buffer =>
  jsonFrame(MessageType.hello, { protocol, client: 'test', has });
const NOTHING: Receipt = { instance: '', batch: 0 };

function client(silence_ms = 10_000, has: Receipt | null = null): DataplaneClient {
  const made = new DataplaneClient({ socket: path, client: 'test', silence_ms });
  clients.push({ destroy: () => made.stop() });
  made.start(has);
  return made;
}
/** Waits until the hub holds so many batches. */
async function heldBecomes(count: number): Promise<void> {
  while (hub.held !== count) await new Promise((done) => setTimeout(done, 5));
}
const keeper = (has: Receipt): DataplaneClient => client(10_000, has);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vmoat-server-'));
  path = join(folder, 'run', 'dp.sock');
  refreshes = 0;
  inventories = [];
  policies = [];
});
afterEach(async () => {
  await close();
  rmSync(folder, { recursive: true, force: true });
});

test('only the group of the first account may reach the socket', async () => {
  await serve();
  assert.equal(statSync(path).mode & 0o777, 0o660);
});

test('a client is welcomed and gets the tables that there are, then what comes', async () => {
  await serve();
  hub.take('links', { generation: 3, links: [] });
  const made = client();
  const links = once(made, 'links');
  const [welcome] = await once(made, 'connected');
  assert.equal(welcome.instance, 'one');
  assert.deepEqual(await links, [{ generation: 3, links: [] }]);
  assert.equal(refreshes, 1);

  const flows = once(made, 'flows');
  const addresses = once(made, 'addresses');
  const status = once(made, 'status');
  hub.take('flows', flowBatch([{ u64: { id: 41n } }, { u64: { id: 42n } }]));
  hub.take('addresses', Buffer.alloc(80));
  hub.take('status', STATUS);
  const [batch] = await flows;
  assert.deepEqual(
    [...batch].map((record) => record.id),
    ['41', '42'],
  );
  assert.equal((await addresses)[0].length, 2);
  const [{ use, lost, at }] = (await status) as [DpStatus];
  assert.ok(use.residentBytes > 0 && use.pid === process.pid && Date.parse(at) > 0);
  assert.equal(lost.records, 5);
});

test('a client hears when all that was known before it came has been told', async () => {
  await serve();
  const clients: DataplaneClient[] = [];
  const come = async (): Promise<void> => {
    const made = client();
    await once(made, 'connected');
    clients.push(made);
  };
  const caughtUp = async (retold: number): Promise<boolean[]> => {
    const heard = clients.map(async (made) => (await once(made, 'status')) as [DpStatus]);
    hub.take('status', { ...STATUS, retold });
    return (await Promise.all(heard)).map(([status]) => status.caughtUp);
  };
  await come();
  assert.deepEqual(await caughtUp(0), [false]);
  assert.deepEqual(await caughtUp(1), [true]);
  await come();
  assert.deepEqual(await caughtUp(1), [true, false]);
  assert.deepEqual(await caughtUp(2), [true, true]);
});

test('whoever comes right after another is told everything, too', async () => {
  await serve();
  const begin = performance.now();
  const secondsGone = (): number => Math.floor((performance.now() - begin) / 1000);
  for (let i = 0; i < 3; i++) await once(client(), 'connected');
  assert.ok(refreshes <= 1 + secondsGone(), 'at most one a second');
  while (refreshes < 2) await new Promise((done) => setTimeout(done, 20));
  assert.ok(secondsGone() >= 1);
});

test('an inventory arrives, also one given before the connection', async () => {
  await serve();
  const inventory = {
    generation: 1,
    nics: [
      { tap: 'vnet0', mac: '52:54:00:00:00:01', workload: 'u', nic: 'u/m', bandwidth: true, filtered: false },
    ],
  };
  const made = client();
  made.expect(inventory);
  await once(made, 'connected');
  while (inventories.length < 1) await new Promise((done) => setTimeout(done, 5));
  assert.deepEqual(inventories[0], inventory);
});

test('a policy arrives whole, also one given before the connection', async () => {
  await serve();
  const made = client();
  made.policy(POLICY);
  await once(made, 'connected');
  while (policies.length < 1) await new Promise((done) => setTimeout(done, 5));
  assert.deepEqual(policies, [POLICY]);
});

test('strangers are refused by uid, with the reason', async () => {
  await serve({ uid: 65_533 });
  const [error] = (await once(client(), 'disconnected')) as [DataplaneError];
  assert.equal(error.code, 'dp_refused');
  assert.match(error.message, /uid 65533 may not connect/);
});

test('another version is refused on either side, with both versions named', async () => {
  await serve();
  const { socket, next } = raw();
  socket.write(hello(PROTOCOL_VERSION + 1));
  const refused = await next();
  assert.equal(refused.type, MessageType.refused);
  assert.match(
    JSON.stringify(jsonBody(refused)),
    new RegExp(`"version".*protocol ${PROTOCOL_VERSION}, the client ${PROTOCOL_VERSION + 1}`),
  );
  await once(socket, 'close');
  await close();

  await serve({ welcome: { flowRecordBytes: FLOW_RECORD_BYTES + 8 } });
  const [error] = (await once(client(), 'disconnected')) as [DataplaneError];
  assert.equal(error.code, 'dp_version');
  const [own, other] = [FLOW_RECORD_BYTES, FLOW_RECORD_BYTES + 8].map(
    (flow) =>
      `${PROTOCOL_VERSION}/${flow}/${ADDRESS_RECORD_BYTES}/${NAME_RECORD_BYTES}/${THREAT_RECORD_BYTES}`,
  );
  assert.ok(error.message.includes(`${other}, this is ${own}`), error.message);
});

test('whoever does not follow the protocol is told and put out', async () => {
  await serve();
  const tooLong = Buffer.from([255, 255, 255, 127, 1, 0]);
  const badNic = { generation: 1, nics: [{ tap: 7 }] };
  for (const bytes of [
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    tooLong,
    jsonFrame(MessageType.inventory, { generation: 1, nics: [] }),
    Buffer.concat([hello(), tooLong]),
    Buffer.concat([hello(), jsonFrame(99, {})]),
    Buffer.concat([hello(), jsonFrame(MessageType.inventory, badNic)]),
    Buffer.concat([hello(), frameHead(MessageType.inventory, 1), Buffer.from('{')]),
    Buffer.concat([hello(), jsonFrame(MessageType.kept, { instance: 'one', batch: -1 })]),
    Buffer.concat([hello(), jsonFrame(MessageType.policy, { ...POLICY, generation: 0 })]),
    Buffer.concat([hello(), jsonFrame(MessageType.policy, { ...POLICY, rules: 'none' })]),
    Buffer.concat([hello(), jsonFrame(MessageType.policy, { ...POLICY, unknown: Array(65).fill(0) })]),
    hello(PROTOCOL_VERSION, { instance: 1 }),
    hello(PROTOCOL_VERSION, 'everything'),
  ]) {
    const { socket, frames } = raw();
    socket.write(bytes);
    await once(socket, 'close');
    const last = frames.at(-1);
    assert.equal(last?.type, MessageType.refused, bytes.toString('latin1'));
    assert.match(JSON.stringify(jsonBody(last)), /"protocol"/);
  }
  assert.deepEqual(inventories, []);
  assert.deepEqual(policies, []);
});

test('there is a limit to clients, and a place is free again when one leaves', async () => {
  await serve();
  const eight = Array.from({ length: 8 }, raw);
  for (const { socket, next } of eight) {
    socket.write(hello());
    assert.equal((await next()).type, MessageType.welcome);
  }
  const ninth = raw();
  assert.match(JSON.stringify(jsonBody(await ninth.next())), /"busy"/);
  eight[0]?.socket.destroy();
  for (;;) {
    const again = raw();
    again.socket.write(hello());
    if ((await again.next()).type === MessageType.welcome) break;
  }
});

test('flow records of a time when nobody listened reach the next keeper; what had to go is counted', async () => {
  await serve();
  const body = flowBatch(Array.from({ length: 10_000 }, (_, i) => ({ u64: { id: BigInt(i) } })));
  const bodies = Math.floor(BACKLOG_BYTES_MAX / body.length) + 3;
  for (let i = 0; i < bodies; i++) hub.take('flows', body);
  const { socket, frames } = raw();
  socket.write(hello(PROTOCOL_VERSION, NOTHING));
  const isStatus = (frame: Frame): boolean => frame.type === MessageType.status;
  while (!frames.some((frame) => frame.type === MessageType.flows)) await once(socket, 'data');
  hub.take('status', STATUS);
  while (!frames.some(isStatus)) await once(socket, 'data');
  assert.equal(frames.filter((frame) => frame.type === MessageType.flows).length, bodies - 3);
  const status = frames.find(isStatus) as Frame;
  assert.equal((jsonBody(status) as DpStatus).lost.records, 5 + 3 * 10_000);
});

test('what a keeper had not on its disk reaches the next one, and nothing twice', async () => {
  await serve();
  const say = (id: bigint): void => hub.take('flows', flowBatch([{ u64: { id } }]));
  const idsOf = (made: DataplaneClient, ids: string[]): string[] => {
    made.on('flows', (batch) => ids.push(...[...batch].map((record) => record.id)));
    return ids;
  };
  const heard = async (ids: string[], count: number): Promise<string[]> => {
    while (ids.length < count) await new Promise((done) => setTimeout(done, 5));
    return ids;
  };
  say(1n);
  const first = keeper(NOTHING);
  const firstIds = idsOf(first, []);
  await once(first, 'connected');
  const onlooker = client();
  const seen = idsOf(onlooker, []);
  await once(onlooker, 'connected');
  say(2n);
  say(3n);
  assert.deepEqual(await heard(firstIds, 3), ['1', '2', '3']);
  first.kept({ instance: 'one', batch: 2 });
  await heldBecomes(1);
  first.stop();

  const second = keeper({ instance: 'one', batch: 2 });
  const secondIds = idsOf(second, []);
  await once(second, 'connected');
  say(4n);
  assert.deepEqual(await heard(secondIds, 2), ['3', '4']);
  assert.deepEqual(await heard(seen, 3), ['2', '3', '4'], 'whoever only looks on gets nothing of before');
  const third = keeper({ instance: 'another', batch: 99 });
  assert.deepEqual(await heard(idsOf(third, []), 2), ['3', '4']);
});

test('a connection that was lost is taken up behind the last batch that came', async () => {
  await serve();
  const made = keeper(NOTHING);
  const ids: string[] = [];
  made.on('flows', (batch) => ids.push(...[...batch].map((record) => record.id)));
  await once(made, 'connected');
  hub.take('flows', flowBatch([{ u64: { id: 1n } }]));
  await once(made, 'flows');
  const again = once(made, 'connected');
  hub.close();
  await again;
  hub.take('flows', flowBatch([{ u64: { id: 2n } }]));
  await once(made, 'flows');
  assert.deepEqual(ids, ['1', '2']);
});

test('a client that does not read costs bounded memory: bulk is dropped and counted, tables stay', async () => {
  await serve();
  const { socket, frames, next } = raw();
  socket.write(hello());
  await next();
  socket.pause();
  const body = flowBatch(Array.from({ length: 10_000 }, () => ({})));
  const before = process.memoryUsage.rss();
  for (let i = 0; i < 200; i++) hub.take('flows', body);
  for (let i = 0; i < 200; i++) hub.take('links', { generation: i, links: [] });
  assert.ok(process.memoryUsage.rss() - before < 128 * 2 ** 20);
  socket.resume();
  const isLast = ({ type, body: bytes }: Frame): boolean =>
    type === MessageType.links &&
    (jsonBody({ type, body: bytes }) as { generation: number }).generation === 199;
  while (!frames.some(isLast)) await once(socket, 'data');
  const batches = frames.filter((frame) => frame.type === MessageType.flows).length;
  assert.ok(batches > 5 && batches < 100, `${batches} batches came`);
  hub.take('status', STATUS);
  while (!frames.some((frame) => frame.type === MessageType.status)) await once(socket, 'data');
  const status = frames.find((frame) => frame.type === MessageType.status) as Frame;
  assert.equal((jsonBody(status) as DpStatus).lost.records, 5 + (200 - batches) * 10_000);
});

test('a silent server is left and tried again', async () => {
  await serve();
  const made = client(50);
  await once(made, 'connected');
  const [error] = (await once(made, 'disconnected')) as [DataplaneError];
  assert.equal(error.code, 'dp_silent');
  await once(made, 'connected');
});

test('the client is back within 1 s of the server', async (context) => {
  const made = client();
  const [error] = (await once(made, 'disconnected')) as [DataplaneError];
  assert.equal(error.code, 'dp_unreachable');
  await serve();
  const start = performance.now();
  await once(made, 'connected');
  promised(context, 'the client is connected', 1000, performance.now() - start);
  assert.equal(made.failure, null);
});

test('a stale socket is replaced, a live one is not', async () => {
  await serve();
  await assert.rejects(serve(), (error) => error instanceof ServiceError && error.code === 'already_running');
});
