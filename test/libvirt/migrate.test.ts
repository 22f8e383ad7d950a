// A live migration between two private libvirts, as both of them see it.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Change, type LibvirtWatch, systemBus, watchLibvirt } from '../../libvirt-watch/index.ts';
import { type PrivateLibvirt, startPrivateLibvirt, until, whyNoPrivateLibvirt } from './private-libvirt.ts';
import { domainXml } from './tiny-guest.ts';

const NETWORK = `<network><name>wat-net</name><bridge name='watbr0'/></network>`;
const NIC = `<interface type='network'><source network='wat-net'/></interface>`;

interface Host {
  libvirt: PrivateLibvirt;
  watch: LibvirtWatch;
  changes: Change[];
}

async function startHost(): Promise<Host> {
  const libvirt = await startPrivateLibvirt();
  const changes: Change[] = [];
  const bus = systemBus({ address: libvirt.busAddress });
  const watch = watchLibvirt({ bus, onChanges: (some) => changes.push(...some) });
  await libvirt.virshXml('net-create', NETWORK);
  return { libvirt, watch, changes };
}

/** Every state that was told, in order, but `paused`: any guest is that for the first moment, if a look falls into it. */
function statesOf({ changes }: Host): string[] {
  const told = changes.flatMap((change) =>
    change.kind === 'workload-appeared' || change.kind === 'workload-changed' ? [change.workload.state] : [],
  );
  return told.filter((state) => state !== 'paused');
}

describe('live migration', { skip: whyNoPrivateLibvirt() ?? false }, () => {
  const hosts: Host[] = [];

  before(async () => {
    for (let i = 0; i < 2; i++) hosts.push(await startHost());
  });
  after(async () => {
    for (const { watch, libvirt } of hosts) {
      watch.stop();
      await libvirt.stop();
    }
  });

  test('both ends are migrating, then it runs here and is gone there, and its NIC with it', async () => {
    const [from, to] = hosts;
    assert.ok(from && to);
    await from.libvirt.virshXml('create', domainXml('wat-move', { nics: NIC }));
    await until('it runs', () => statesOf(from).includes('running'));
    const uuid = [...from.watch.snapshot.workloads.keys()][0] ?? '';
    const target = `qemu+unix:///system?socket=${to.libvirt.root}/run/libvirt/libvirt-sock`;
    const socket = `unix://${to.libvirt.root}/images/migration`;
    // slowly: a guest that does nothing is moved quicker than anybody looks
    const slowly = ['--bandwidth', '1'];
    const where = ['--desturi', target, '--migrateuri', socket];
    await from.libvirt.virsh('migrate', 'wat-move', '--live', ...slowly, ...where);
    await until('it is gone', () => from.watch.snapshot.workloads.size === 0);
    await until('it runs there', () => to.watch.snapshot.workloads.get(uuid)?.state === 'running');
    assert.deepEqual(statesOf(from), ['running', 'migrating']);
    assert.deepEqual(statesOf(to), ['migrating', 'running']);
    assert.notEqual(to.watch.snapshot.workloads.get(uuid)?.nics[0]?.tap, null);
    const ends = from.changes.slice(-2).map((change) => change.kind);
    assert.deepEqual(ends, ['nic-removed', 'workload-gone']);
  });
});
