// A real vmoat-dp with nobody to tell it anything: it judges by what it was told before, and ends a trial by itself.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { deadlineIn, moment } from '../../dp/client/deadline.ts';
import { DataplaneClient, flowJson } from '../../dp/client/index.ts';
import type { Mode, PolicyOrder, PolicyTables } from '../../dp/contract/policy.ts';
import type { DpStatus, PolicyStatus } from '../../dp/contract/protocol.ts';
import { readKept } from '../../dp/service/kept.ts';
import { StateFile } from '../../dp/service/state-file.ts';
import { type Dp, hasLab, Lab } from './lab.ts';

const options = { skip: hasLab ? false : 'needs root', timeout: 120_000 };

let lab: Lab;
const clients: DataplaneClient[] = [];

beforeEach(() => {
  if (!hasLab) return;
  lab = new Lab('kep');
  lab.open();
});
afterEach(async () => {
  if (!hasLab) return;
  for (const client of clients.splice(0)) client.stop();
  await lab.close();
});

/** The guest behind vmtap0 is in this mode, and no rule says anything. */
const tables = (generation: number, mode: Mode): PolicyTables => ({
  generation,
  groups: ['any', 'host', 'external', 'guest'].map((name, index) => ({
    ...{ name, mode: index === 3 ? mode : null, failPolicy: 'open', addresses: [], fqdn: [] },
  })),
  rules: [],
  nics: [{ tap: 'vmtap0', mac: '52:54:00:00:00:01', nic: 'guest/0', groups: [0, 3] }],
  unknown: [0],
  ends: [],
});
const trial = (within_ms: number): PolicyOrder => ({
  ...tables(2, 'protect'),
  unconfirmed: {
    trial: '2@1',
    deadline: deadlineIn(within_ms, moment()),
    previous: tables(1, 'learn'),
  },
});

/** Somebody who listens, and tells nothing unless there is an order. */
function client(order?: PolicyOrder): DataplaneClient {
  const made = new DataplaneClient({ socket: lab.socket, client: 'test' });
  clients.push(made);
  if (order) made.policy(order);
  made.start();
  return made;
}

async function policyOf(
  listener: DataplaneClient,
  holds: (policy: PolicyStatus) => boolean,
): Promise<PolicyStatus> {
  for (;;) {
    const [{ policy }] = (await once(listener, 'status')) as [DpStatus];
    if (policy && holds(policy)) return policy;
  }
}

/** The verdict on a ping that comes now. */
async function judged(listener: DataplaneClient): Promise<unknown[]> {
  const since = Date.now() - 50; // the kernel's clock for flows is a coarse one
  const found = (async () => {
    for (;;) {
      const [batch] = await once(listener, 'flows');
      for (const record of batch) {
        const { registry } = listener.welcome ?? {};
        const flow = registry && flowJson(record, registry, '');
        if (flow?.proto === 'icmp' && Date.parse(flow.first) >= since && flow.decidedBy)
          return [flow.verdict, flow.violation];
      }
    }
  })();
  lab.ping(2);
  return found;
}

async function killed(dp: Dp): Promise<void> {
  dp.child.kill('SIGKILL');
  await dp.exited;
}

const DENIED = ['deny', true];
const ALLOWED = ['allow', false];

/** A vmoat-dp that was told, by somebody who is gone since. */
async function told(make: () => PolicyOrder): Promise<Dp> {
  const dp = lab.dp('--enforce', 'off');
  const teller = client();
  await once(teller, 'connected');
  const order = make();
  teller.policy(order);
  await policyOf(teller, ({ kept, generation }) => kept && generation === order.generation);
  teller.stop();
  return dp;
}

test(
  'a policy is in force from the first packet on, though nobody is there who could tell it',
  options,
  async () => {
    await killed(await told(() => tables(5, 'protect')));
    const dp = lab.dp('--enforce', 'off', '--detach-on-exit');
    const listener = client();
    await once(listener, 'connected');
    assert.deepEqual(await judged(listener), DENIED);
    const policy = await policyOf(listener, ({ kept }) => kept);
    assert.deepEqual([policy.generation, policy.unconfirmed, policy.wentBack], [5, null, null]);
    assert.match(dp.output(), /the policy that was kept is in force/);
    dp.child.kill('SIGTERM');
    assert.equal(await dp.exited, 0, dp.output());
  },
);

test('a trial ends by itself while its teller is dead, and is not begun again', options, async () => {
  let order: PolicyOrder = tables(1, 'learn');
  await told(() => {
    order = trial(15_000);
    return order;
  });
  const listener = client();
  await once(listener, 'connected');
  const policy = await policyOf(listener, ({ wentBack }) => wentBack !== null);
  assert.deepEqual([policy.generation, policy.wentBack?.trial, policy.unconfirmed], [1, '2@1', null]);
  assert.deepEqual(await judged(listener), ALLOWED);
  // Whoever comes back and does not know yet is answered by what came before it.
  const late = client({ ...order, generation: 7 });
  const answer = await policyOf(late, ({ generation }) => generation === 7);
  assert.equal(answer.wentBack?.trial, '2@1');
  assert.deepEqual(await judged(listener), ALLOWED);
});

test('a trial goes on in the vmoat-dp that comes after a kill -9, and ends in it', options, async () => {
  await killed(await told(() => trial(20_000)));
  lab.dp('--enforce', 'off');
  const listener = client();
  await once(listener, 'connected');
  assert.deepEqual(await judged(listener), DENIED);
  const policy = await policyOf(listener, ({ wentBack }) => wentBack !== null);
  assert.equal(policy.generation, 1);
  assert.deepEqual(await judged(listener), ALLOWED);
});

test('a trial whose time ran out while the host was down has ended', options, async () => {
  await killed(await told(() => trial(3_600_000)));
  const file = new StateFile(lab.state);
  const kept = readKept(file.read() ?? '');
  assert.ok(kept.unconfirmed);
  const deadline = { since: 1_000, at: 2_000, boot: 'the one before', uptime_ms: 9e9 };
  await file.write(JSON.stringify({ ...kept, unconfirmed: { ...kept.unconfirmed, deadline } }));
  lab.dp('--enforce', 'off');
  const listener = client();
  await once(listener, 'connected');
  assert.deepEqual(await judged(listener), ALLOWED);
  const policy = await policyOf(listener, () => true);
  assert.deepEqual([policy.generation, policy.wentBack?.trial], [1, '2@1']);
});

test('a broken state is said and set aside, and vmoat-dp starts without', options, async () => {
  await killed(await told(() => tables(5, 'protect')));
  const path = join(lab.state, 'state');
  const whole = readFileSync(path);
  writeFileSync(path, whole.subarray(0, whole.length - 7));
  const dp = lab.dp('--enforce', 'off');
  const listener = client();
  await once(listener, 'connected');
  const policy = await policyOf(listener, () => true);
  assert.deepEqual([policy.generation, policy.kept], [null, false]);
  assert.match(dp.output(), /what was kept is not believed.*checksum/);
  assert.ok(existsSync(`${path}.refused`));
});

test('two do not share a state', options, async () => {
  const first = lab.dp('--enforce', 'off');
  await once(client(), 'connected');
  const second = lab.dp('--enforce', 'off', '--pins', `${lab.pins}-2`, '--socket', `${lab.socket}-2`);
  assert.equal(await second.exited, 1);
  assert.match(second.output(), new RegExp(`another vmoat-dp runs with ${lab.state}`));
  first.child.kill('SIGTERM');
  assert.equal(await first.exited, 0);
});
