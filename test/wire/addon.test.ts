// vmoat.node by itself: loads anywhere without rights, tells peers, locks, gives up capabilities.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { addonPath, loadAddon } from '../../dp/client/addon.ts';
import { node18 } from './node18.ts';

const KEPT = ['net_admin', 'net_raw', 'bpf', 'perfmon', 'sys_admin', 'sys_ptrace'];
const KEPT_BITS = [12, 13, 39, 38, 21, 19].reduce((bits, bit) => bits | (1n << BigInt(bit)), 0n);
const NOBODY = 65_534;
const LAYOUT = loadAddon().kernelLayout;

let folder: string;
let addon: string;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'vmoat-addon-'));
  chmodSync(folder, 0o755);
  addon = join(folder, 'vmoat.node');
  copyFileSync(addonPath(), addon);
  chmodSync(addon, 0o644);
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** Needs root; with VMOAT_REQUIRE=all it fails without. */
const rootOnly = {
  skip: process.getuid?.() !== 0 && process.env.VMOAT_REQUIRE !== 'all' ? 'needs root' : false,
};

function evaluate(node: string, code: string, options: { uid?: number } = {}): string {
  return execFileSync(node, ['-e', `const addon = require(${JSON.stringify(addon)});${code}`], {
    encoding: 'utf8',
    cwd: '/',
    ...options,
  });
}

test('it loads as an unprivileged user', rootOnly, () => {
  const layout = evaluate(process.execPath, 'console.log(addon.kernelLayout)', { uid: NOBODY });
  assert.equal(layout, `${LAYOUT}\n`);
});

test('it loads on Node 18', { timeout: 120_000 }, () => {
  const [version = '', layout] = evaluate(node18(), 'console.log(process.version, addon.kernelLayout)').split(
    ' ',
  );
  assert.match(version, /^v18\./);
  assert.equal(layout, `${LAYOUT}\n`);
});

test('a policy is evaluated on Node 18', { timeout: 120_000 }, () => {
  const group = (name: string) => ({ name, mode: null, failPolicy: 'open', addresses: [], fqdn: [] });
  const tables = {
    generation: 1,
    groups: ['any', 'host', 'external', 'web'].map(group),
    rules: [],
    nics: [{ tap: 'vnet0', mac: '', nic: '', groups: [0, 3] }],
    unknown: [0],
    ends: [],
  };
  const code = `const policy = new addon.Policy(${JSON.stringify(tables)}, addon.registry.applications);
    const decisions = new Uint8Array(16 * 3);
    const count = policy.evaluate(new Uint8Array(24 * 3), decisions);
    console.log(policy.groups(policy.identityOfNic('vnet0')).join(), count, decisions[4]);`;
  assert.equal(evaluate(node18(), code), '0,3 3 1\n');
});

test('it loads in a worker thread, and again in the next', () => {
  const code = `const { Worker } = require('node:worker_threads');
    const run = () => new Worker('require(' + JSON.stringify(${JSON.stringify(addon)}) + ')', { eval: true });
    run().on('exit', (one) => run().on('exit', (two) => console.log(one, two)));`;
  assert.equal(evaluate(process.execPath, code), '0 0\n');
});

test('the peer of a socket', async () => {
  const { peerCredentials } = loadAddon();
  const server = createServer().listen(join(folder, 'peer.sock'));
  const client = connect(join(folder, 'peer.sock'));
  const [socket] = (await once(server, 'connection')) as [Socket & { _handle: { fd: number } }];
  const { pid, uid, gid } = peerCredentials(socket._handle.fd);
  assert.deepEqual([pid, uid, gid], [process.pid, process.getuid?.(), process.getgid?.()]);
  assert.throws(() => peerCredentials(-1), /Bad file descriptor/);
  assert.throws(() => peerCredentials('x' as unknown as number), TypeError);
  client.destroy();
  server.close();
});

test('a directory is locked for as long as its process lives', () => {
  const { lockDirectory } = loadAddon();
  assert.equal(lockDirectory(folder), true);
  const code = `console.log(addon.lockDirectory(${JSON.stringify(folder)}))`;
  assert.equal(evaluate(process.execPath, code), 'false\n');
  const other = mkdtempSync(join(folder, 'other-'));
  const lock = `console.log(addon.lockDirectory(${JSON.stringify(other)}))`;
  assert.equal(evaluate(process.execPath, lock), 'true\n');
  assert.equal(evaluate(process.execPath, lock), 'true\n');
  assert.throws(() => lockDirectory(join(folder, 'missing')), { errno: 2 });
});

test('capabilities are given up by every thread, under the same pid', rootOnly, () => {
  const code = `
    const { readFileSync, readdirSync } = require('node:fs');
    if (!process.env.VMOAT_TEST_PID) process.env.VMOAT_TEST_PID = process.pid;
    const addon = require(process.env.VMOAT_TEST_ADDON);
    addon.confine([process.argv0, ...process.execArgv, ...process.argv.slice(1)], 65533);
    const threads = readdirSync('/proc/self/task').map((t) => readFileSync('/proc/self/task/' + t + '/status', 'utf8'));
    console.log(JSON.stringify({ same: process.pid === Number(process.env.VMOAT_TEST_PID), threads }));`;
  const script = join(folder, 'confine.cjs');
  execFileSync('sh', ['-c', `cat > ${script}`], { input: code });
  const run = spawnSync(process.execPath, [script], {
    encoding: 'utf8',
    env: { ...process.env, VMOAT_TEST_ADDON: addon },
  });
  assert.equal(run.status, 0, run.stderr);
  const { same, threads } = JSON.parse(run.stdout) as { same: boolean; threads: string[] };
  assert.equal(same, true);
  assert.ok(threads.length > 1);
  const ours = BigInt(`0x${/CapBnd:\s*(\w+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]}`);
  for (const status of threads) {
    for (const set of ['CapEff', 'CapPrm', 'CapBnd']) {
      const bits = BigInt(`0x${new RegExp(`${set}:\\s*(\\w+)`).exec(status)?.[1]}`);
      assert.equal(bits, KEPT_BITS & ours, `${set} keeps ${KEPT.join(' ')}`);
    }
    assert.match(status, /^Groups:\s*65533\s*$/m);
  }
});
