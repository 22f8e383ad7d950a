// `vmoat panic` by the pinned map of a real vmoat-dp: with it alive, with it killed, and never with vmoat-hostd.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DataplaneClient } from '../../dp/client/index.ts';
import type { DpStatus } from '../../dp/contract/protocol.ts';
import { VMOAT } from '../programs.ts';
import { hasLab, Lab } from '../wire/lab.ts';
import { until } from './until.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const required = { skip: !hasLab, timeout: 120_000 };
const lab = new Lab('pan');
const config = join(lab.folder, 'vmoat.yaml');
const audit = join(lab.folder, 'hostd/audit');

interface Ran {
  code: number;
  out: string;
  err: string;
}

/** In the lab's namespace, so that no guard of this host is touched. */
function panic(...options: string[]): Promise<Ran> {
  const program = [process.execPath, VMOAT, '--socket', join(lab.folder, 'nobody.sock')];
  const argv = ['netns', 'exec', lab.hostNs, ...program, 'panic', '--config', config, ...options];
  return new Promise((done) => {
    execFile('ip', argv, { cwd: ROOT }, (error, out, err) =>
      done({ code: error ? Number(error.code) : 0, out, err }),
    );
  });
}

const shown = async (): Promise<string | null> =>
  JSON.parse((await panic('--pins', lab.pins, '-o', 'json')).out).until;

let status: DpStatus | null = null;
const client = new DataplaneClient({ socket: lab.socket, client: 'panic test' });
client.on('status', (told) => {
  status = told;
});
let dp: ReturnType<Lab['dp']> | null = null;

before(async () => {
  if (!hasLab) return;
  lab.open();
  mkdirSync(audit, { recursive: true });
  writeFileSync(config, `stateDir: ${join(lab.folder, 'hostd')}\n`);
  const started = lab.dp('--enforce', 'on');
  dp = started;
  await until(() => started.output().includes('vmoat-dp is up'), 60_000);
  client.start();
});
after(async () => {
  client.stop();
  await lab.close();
});

test(
  'everything passes for a while, dp says so, and the audit log has it without hostd',
  required,
  async () => {
    await until(() => status?.enforces === true && status.panic === null);
    const begun = Date.now();
    const ran = await panic('--pins', lab.pins, '--allow-all', '--for', '10m', '--yes', '-o', 'json');
    assert.deepEqual([ran.code, ran.err], [0, '']);
    const wanted = Date.parse(JSON.parse(ran.out).until);
    assert.ok(wanted - begun >= 600_000);
    await until(() => status?.panic && Math.abs(Date.parse(status.panic.until) - wanted) < 60_000);
    const [file] = readdirSync(audit);
    const entry = JSON.parse(readFileSync(join(audit, file ?? ''), 'utf8'));
    assert.deepEqual([entry.action, entry.target, entry.result], ['POST /panic', 'panic', 'done']);
  },
);

test('it is shown and ended also when vmoat-dp is dead', required, async () => {
  dp?.child.kill('SIGKILL');
  await dp?.exited;
  assert.ok(Date.parse((await shown()) ?? '') > Date.now());
  const ended = await panic('--pins', lab.pins, '--end');
  assert.deepEqual([ended.code, ended.err], [0, '']);
  assert.equal(await shown(), null);
});

test('where nothing is pinned nothing is enforced, and the command says so', required, async () => {
  const ran = await panic('--pins', join(lab.folder, 'none'), '--allow-all', '--for', '1m', '--yes');
  assert.equal(ran.code, 1);
  assert.match(ran.err, /enforces nothing on this host/);
});
