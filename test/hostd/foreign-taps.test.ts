// A real vmoat-dp while a group is in protect: whose tap nobody knows waits, and what is surely no VM's goes on.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Status } from '../../hostd/api/schema.ts';
import { adminSocket } from '../../hostd/base/admin-socket.ts';
import { silentLog } from '../../hostd/base/log.ts';
import { ConfigSchema } from '../../hostd/config/schema.ts';
import { type Daemon, startDaemon } from '../../hostd/daemon.ts';
import { FakeLibvirt } from '../../libvirt-watch/fake-libvirt.ts';
import { hasLab, Lab } from '../wire/lab.ts';
import { askSocket } from './ask.ts';
import { until } from './until.ts';

const POLICY = `version: vmoat/v1
groups:
  - { name: web, match: [{ name: { prefix: web } }], mode: protect }
`;
/** Longer than a tap has to have been there, and than two looks take. */
const LONG_ENOUGH_MS = 10_000;

const lab = new Lab('fgn');
const libvirt = new FakeLibvirt();
const config = ConfigSchema.parse({
  stateDir: join(lab.folder, 'hostd'),
  sockets: { api: join(lab.folder, 'api.sock'), dataplane: lab.socket },
  web: { listen: '127.0.0.1:0' },
});
let hostd: Daemon | null = null;
const required = { skip: !hasLab, timeout: 120_000 };

before(async () => {
  if (!hasLab) return;
  lab.open();
  hostd = await startDaemon(config, silentLog, libvirt);
});
after(async () => {
  await hostd?.stop();
  await lab.close();
});

const status = async (): Promise<Status> =>
  Status.parse((await askSocket(config.sockets.api, '/api/v1/status')).json);
const isInForce = async (): Promise<boolean> => {
  const { policy, nics } = await status();
  return nics.tapped === 1 && policy.inForce === policy.generation;
};

/** Whether an echo request of the guest is answered. */
const passes = (): boolean => {
  const ping = ['ping', '-q', '-c', '1', '-W', '1', '10.77.0.1'];
  return spawnSync('ip', ['netns', 'exec', lab.guestNs, ...ping]).status === 0;
};

test(
  'a tap waits while libvirt cannot say whose it is, and goes on once libvirt does not claim it',
  required,
  async () => {
    await until(async () => (await status()).libvirt.state === 'connected');
    const admin = adminSocket(config.sockets.api);
    const body = { text: POLICY, base: 0 };
    assert.equal((await askSocket(admin, '/api/v1/policy', { method: 'POST', body })).status, 200);
    libvirt.failure = 'libvirt';
    await until(async () => (await status()).libvirt.state !== 'connected');
    lab.dp('--enforce', 'on');
    await until(isInForce, 60_000);
    assert.equal(passes(), false, 'it may be a guest in protect');
    await sleep(LONG_ENOUGH_MS);
    assert.equal(passes(), false, 'nobody looked');
    libvirt.failure = null;
    await until(passes, 20_000);
  },
);

test('a hostd that comes back while libvirt is away cuts nobody off', required, async () => {
  libvirt.failure = 'libvirt';
  await hostd?.stop();
  hostd = await startDaemon(config, silentLog, libvirt);
  for (const end = Date.now() + LONG_ENOUGH_MS + 5000; Date.now() < end; await sleep(500))
    assert.ok(passes());
  libvirt.failure = null;
  await until(isInForce, 30_000);
  assert.ok(passes());
});
