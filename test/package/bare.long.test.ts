// A bare Debian 12 with nothing but what the README's first line asks for: a clone, `npm run demo`, the map.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { guests } from '../../demo/plan.ts';
import type { Graph, Status, Workload } from '../../hostd/api/schema.ts';
import { DemoMap } from '../libvirt/demo-map.ts';
import { promised } from '../promised.ts';
import { bootMachine, type Machine } from './machine.ts';
import { openWayOut } from './way-out.ts';

const checkout = fileURLToPath(new URL('../..', import.meta.url));
const skip = process.getuid?.() !== 0 && process.env.VMOAT_REQUIRE !== 'all' ? 'needs root' : false;
const FROM_NOTHING_MS = 6 * 60_000;

suite('the demo on a bare Debian 12', { skip, timeout: 3_600_000 }, () => {
  let machine: Machine;
  let close = (): void => {};
  let links = '';

  /** Runs in the clone, its output where one sees it; resolves with the exit code. */
  const inClone = async (...argv: string[]): Promise<number> => {
    const [program = '', ...enter] = machine.enter;
    const shell = ['sh', '-c', 'cd /root/vmoat && exec "$@"', 'sh', ...argv];
    const env = { PATH: process.env.PATH, HOME: '/root', LC_ALL: 'C' };
    const child = spawn(program, [...enter, ...shell], { env, stdio: ['ignore', 'inherit', 'inherit'] });
    const [code] = await once(child, 'exit');
    return code as number;
  };
  const vmoat = async <T>(...argv: string[]): Promise<T> =>
    JSON.parse(await machine.run('sh', '-c', 'cd /root/vmoat && npx vmoat "$@" -o json', 'sh', ...argv)) as T;

  const linksThere = (): Promise<string> => machine.run('ip', '-br', 'link', 'show');

  before(async () => {
    machine = await bootMachine('bare');
    close = await openWayOut(machine.run);
    links = await linksThere();
    trustWhatWeTrust(machine.root);
    execFileSync('git', ['clone', '-q', '--no-hardlinks', checkout, join(machine.root, 'root/vmoat')]);
  });
  after(async () => {
    if (!machine) return;
    await inClone('npm', 'run', 'demo', '--', '--stop').catch(() => undefined);
    await machine.stop();
    close();
  });

  test('from a clone to the printed address by one command', async (context) => {
    const begin = Date.now();
    assert.equal(await inClone('npm', 'run', 'demo'), 0);
    promised(
      context,
      'a bare machine shows its map, downloads included',
      FROM_NOTHING_MS,
      Date.now() - begin,
    );
  });

  test('all guests are listed, and every application is on the map between the right VMs', async () => {
    const vms = (await vmoat<Workload[]>('vm', 'list')).map(({ name }) => name);
    for (const { name } of guests) assert.ok(vms.includes(name), `${name} is not listed`);
    const map = new DemoMap();
    for (const end = Date.now() + 300_000; map.missing.length > 0 && Date.now() < end; await sleep(1000))
      map.take(await vmoat<Graph>('graph'));
    assert.deepEqual(map.missing, [], `seen: ${map.seen}`);
  });

  test('nothing was lost', async () => {
    const status = await vmoat<Status>('status');
    for (const [cause, count] of Object.entries(status.lost)) assert.equal(count, 0, `lost: ${cause}`);
  });

  test('a later run is quick, and --stop leaves no link behind', async (context) => {
    const begin = Date.now();
    assert.equal(await inClone('npm', 'run', 'demo'), 0);
    promised(context, 'the demo runs again', 60_000, Date.now() - begin);
    assert.equal(await inClone('npm', 'run', 'demo', '--', '--stop'), 0);
    assert.equal(await linksThere(), links);
  });
});

/** Where this machine's registries are signed by an authority of its own, the new machine trusts it too. */
function trustWhatWeTrust(root: string): void {
  const store = 'etc/ssl/certs/ca-certificates.crt';
  mkdirSync(join(root, 'etc/ssl/certs'), { recursive: true });
  copyFileSync(`/${store}`, join(root, store));
}
