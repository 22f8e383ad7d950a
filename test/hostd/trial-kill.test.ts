// A policy on trial, a real vmoat-dp beside a real hostd, and kill -9: the trial ends without hostd, and both then
// agree which version is live.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { stringify } from 'yaml';
import { DataplaneClient, type FlowJson, flowJson } from '../../dp/client/index.ts';
import type { DpStatus, PolicyStatus } from '../../dp/contract/protocol.ts';
import { adminSocket } from '../../hostd/base/admin-socket.ts';
import { PolicyVersion, LivePolicy as Shown } from '../../hostd/policy/shapes.ts';
import { VMOAT_HOSTD } from '../programs.ts';
import { type Dp, hasLab, Lab } from '../wire/lab.ts';
import { askSocket } from './ask.ts';
import { until } from './until.ts';

const lab = new Lab('tri');
const api = join(lab.folder, 'api.sock');
const config = join(lab.folder, 'vmoat.yaml');
const options = { skip: !hasLab, timeout: 240_000 };
let dp: Dp;
let hostd: ChildProcess | null = null;

before(() => {
  if (!hasLab) return;
  lab.open();
  writeFileSync(
    config,
    stringify({
      stateDir: join(lab.folder, 'hostd'),
      sockets: { api, dataplane: lab.socket },
      libvirt: { bus: `unix:path=${join(lab.folder, 'no-bus')}` },
      web: { listen: 'off' },
      log: { level: 'silent' },
    }),
  );
});
after(async () => {
  hostd?.kill('SIGKILL');
  await lab.close();
});

/** Starts it, and waits until dp judges by its policy. */
async function startHostd(): Promise<void> {
  const started = spawn(process.execPath, [VMOAT_HOSTD, '--config', config], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  hostd = started;
  await until(async () => {
    assert.equal(started.exitCode, null, 'hostd ended by itself');
    const { json } = (await askSocket(api, '/api/v1/status').catch(() => null)) ?? {};
    const { policy } = (json ?? {}) as { policy?: { inForce: number | null; generation: number } };
    return policy !== undefined && policy.inForce === policy.generation;
  }, 120_000);
}

async function killHostd(): Promise<void> {
  const ended = hostd && once(hostd, 'exit');
  hostd?.kill('SIGKILL');
  await ended;
  hostd = null;
}

async function apply(defaultMode: string, more: object): Promise<PolicyVersion> {
  const body = { text: `version: vmoat/v1\ndefaultMode: ${defaultMode}\n`, ...more };
  const answer = await askSocket(adminSocket(api), '/api/v1/policy', { method: 'POST', body });
  assert.equal(answer.status, 200, answer.text);
  return PolicyVersion.parse(answer.json);
}

const live = async (): Promise<Shown> => Shown.parse((await askSocket(api, '/api/v1/policy')).json);

/** What dp says to somebody who only looks on. */
async function heard<T>(holds: (listener: DataplaneClient) => Promise<T>): Promise<T> {
  const listener = new DataplaneClient({ socket: lab.socket, client: 'test' });
  listener.start();
  await once(listener, 'connected');
  return holds(listener).finally(() => listener.stop());
}

const policyOf = (holds: (policy: PolicyStatus) => boolean): Promise<PolicyStatus> =>
  heard(async (listener) => {
    for (;;) {
      const [{ policy }] = (await once(listener, 'status')) as [DpStatus];
      if (policy && holds(policy)) return policy;
    }
  });

const verdictOfPing = (): Promise<FlowJson['verdict']> =>
  heard(async (listener) => {
    const since = Date.now() - 50; // the kernel's clock for flows is a coarse one
    lab.ping(2);
    for (;;) {
      const [batch] = await once(listener, 'flows');
      for (const record of batch) {
        const { registry } = listener.welcome ?? {};
        const flow = registry && flowJson(record, registry, '');
        if (flow?.proto === 'icmp' && Date.parse(flow.first) >= since && flow.decidedBy) return flow.verdict;
      }
    }
  });

test(
  'hostd is killed on trial and stays away: dp goes back, and hostd agrees when it comes',
  options,
  async () => {
    dp = lab.dp('--enforce', 'off');
    await startHostd();
    await apply('learn', { base: 0 });
    await apply('protect', { base: 1, confirmWithinMs: 20_000 });
    await policyOf(({ kept, unconfirmed }) => kept && unconfirmed !== null);
    assert.equal(await verdictOfPing(), 'deny');
    await killHostd();
    const { wentBack } = await policyOf((policy) => policy.wentBack !== null);
    assert.match(wentBack?.trial ?? '', /^2@/);
    assert.equal(await verdictOfPing(), 'allow');
    await startHostd();
    const { version, defaultMode } = await live();
    assert.deepEqual([version?.version, defaultMode], [1, 'learn']);
    assert.equal(await verdictOfPing(), 'allow');
  },
);

test('both are killed on trial: whichever comes first, the trial ends', options, async () => {
  await apply('protect', { base: 1, confirmWithinMs: 20_000 });
  await policyOf(({ kept, unconfirmed }) => kept && unconfirmed !== null);
  dp.child.kill('SIGKILL');
  await killHostd();
  await dp.exited;
  dp = lab.dp('--enforce', 'off');
  await until(() => dp.output().includes('vmoat-dp is up'), 60_000);
  await policyOf(({ wentBack }) => wentBack !== null);
  assert.equal(await verdictOfPing(), 'allow');
  await startHostd();
  assert.equal((await live()).version?.version, 1);
});

test('what was confirmed stays, also where dp had not heard of it', options, async () => {
  await apply('protect', { base: 1, confirmWithinMs: 3_600_000 });
  await policyOf(({ kept, unconfirmed }) => kept && unconfirmed !== null);
  dp.child.kill('SIGKILL');
  await dp.exited;
  const confirmed = await askSocket(adminSocket(api), '/api/v1/policy/confirm', { method: 'POST' });
  assert.equal(confirmed.status, 200, confirmed.text);
  dp = lab.dp('--enforce', 'off');
  const { wentBack } = await policyOf(({ kept, unconfirmed }) => kept && unconfirmed === null);
  assert.equal(wentBack, null);
  assert.equal(await verdictOfPing(), 'deny');
});
