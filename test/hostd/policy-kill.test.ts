// A version that nobody confirmed is rolled back though hostd was killed (kill -9) in between: the real process.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { stringify } from 'yaml';
import { adminSocket } from '../../hostd/base/admin-socket.ts';
import { LivePolicy, PolicyVersion } from '../../hostd/policy/shapes.ts';
import { VMOAT_HOSTD } from '../programs.ts';
import { askSocket } from './ask.ts';
import { until } from './house.ts';

const folder = mkdtempSync(join(tmpdir(), 'hos-policy-kill-'));
const api = join(folder, 'api.sock');
const config = join(folder, 'vmoat.yaml');
let hostd: ChildProcess | null = null;

after(() => {
  hostd?.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

/** Starts it, and waits until it answers. Neither libvirt nor vmoat-dp is there. */
async function start(): Promise<void> {
  const started = spawn(process.execPath, [VMOAT_HOSTD, '--config', config], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  hostd = started;
  await until(async () => {
    assert.equal(started.exitCode, null, 'hostd ended by itself');
    return existsSync(api) && (await askSocket(api, '/api/v1/policy').catch(() => null))?.status === 200;
  }, 120_000);
}

async function kill(): Promise<void> {
  const killed = hostd;
  await new Promise((done) => {
    killed?.once('close', done);
    killed?.kill('SIGKILL');
  });
}

async function apply(body: object): Promise<PolicyVersion> {
  const { status, text, json } = await askSocket(adminSocket(api), '/api/v1/policy', {
    method: 'POST',
    body,
  });
  assert.equal(status, 200, text);
  return PolicyVersion.parse(json);
}

const live = async (): Promise<LivePolicy> => LivePolicy.parse((await askSocket(api, '/api/v1/policy')).json);

test('hostd is killed between apply and its deadline: what was before is live again', async () => {
  writeFileSync(
    config,
    stringify({
      stateDir: join(folder, 'state'),
      sockets: { api, dataplane: join(folder, 'dp.sock') },
      libvirt: { bus: `unix:path=${join(folder, 'no-bus')}` },
      web: { listen: 'off' },
      log: { level: 'silent' },
    }),
  );
  await start();
  const good = 'version: vmoat/v1\ndefaultMode: monitor\n';
  await apply({ text: good });
  const tried = await apply({ text: 'version: vmoat/v1\n', base: 1, confirmWithinMs: 10_000 });
  assert.deepEqual([tried.version, tried.state], [2, 'pending']);
  await kill();
  await start();
  const back = await until(async () => {
    const now = await live();
    return now.version?.version === 1 ? now : null;
  }, 60_000);
  assert.deepEqual([back.text, back.defaultMode, back.version?.state], [good, 'monitor', 'live']);
  const { json } = await askSocket(api, '/api/v1/policy/versions/2');
  assert.equal((json as { version: { state: string } }).version.state, 'unconfirmed');
});

test('what was confirmed is live after a kill', async () => {
  await apply({ text: 'version: vmoat/v1\ndefaultMode: protect\n', base: 1, confirmWithinMs: 3_600_000 });
  const confirmed = await askSocket(adminSocket(api), '/api/v1/policy/confirm', { method: 'POST' });
  assert.equal(confirmed.status, 200, confirmed.text);
  await kill();
  await start();
  const { version, defaultMode } = await live();
  assert.deepEqual([version?.version, version?.state, defaultMode], [3, 'live', 'protect']);
});
