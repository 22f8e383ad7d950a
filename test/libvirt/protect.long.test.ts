// Protect on real guests of a real libvirt: what is followed, what goes on, and what is left behind.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { promised } from '../promised.ts';
import { masters, networkDump, orphans, portOf } from './plumbing.ts';
import { eventually, startPrivateLibvirt, until, whyNoPrivateLibvirt } from './private-libvirt.ts';
import { domain, MAC, network, nicOn, ProtectRig, SERVER } from './protect-rig.ts';
import { ShellGuest } from './shell-guest.ts';
import { domainXml } from './tiny-guest.ts';
import type { VmoatStack } from './vmoat-stack.ts';

const REDIS = `nc -w 2 ${SERVER} 6379`;
const POLICY = `version: vmoat/v1
groups:
  - { name: clients, match: [{ name: { prefix: client } }], mode: protect }
  - { name: servers, match: [{ name: { prefix: server } }], mode: protect }
rules:
  - { id: web, from: clients, to: servers, ports: [tcp/80, icmp], action: allow }
`;

suite('protect on real guests', { skip: whyNoPrivateLibvirt() ?? false, timeout: 900_000 }, () => {
  let rig: ProtectRig;
  let stack: VmoatStack;
  let client: ShellGuest;
  const inline = (taps: readonly string[]): Promise<void> => rig.spliced(taps);
  const taps = (): Promise<string[]> => rig.taps();

  before(async () => {
    rig = await ProtectRig.start();
    ({ stack, client } = rig);
    await stack.libvirt.virshXml('net-create', network('stp', 'on'));
    await rig.apply(POLICY);
    await inline(await taps());
  });
  after(() => rig?.stop());

  test('a libvirtd that starts again changes nothing', async () => {
    await stack.libvirt.kill('libvirtd');
    await stack.libvirt.start('libvirtd');
    await stack.ready();
    await inline(await taps());
    assert.ok(!(await client.does(REDIS)));
    assert.ok(await client.does(`ping -c 2 -W 2 ${SERVER}`));
  });

  test('a NIC that libvirt moves to another bridge is where libvirt wants it, and inline there', async () => {
    const [tap = ''] = await client.taps();
    const moved = async (name: string): Promise<void> => {
      await stack.libvirt.virshXml('update-device', nicOn(1, name), 'client', '--live');
      await eventually(async () => {
        const links = await masters(stack.libvirt);
        assert.deepEqual([links.get(tap), links.get(portOf(tap))], [undefined, `${name}0`]);
      });
    };
    try {
      await moved('stp');
    } finally {
      await moved('pro');
    }
    await eventually(async () => assert.ok(await client.does(`ping -c 1 -W 2 ${SERVER}`)));
    assert.ok(!(await client.does(REDIS)));
  });

  test('a NIC that is unplugged, a guest that is saved or ends, leave nothing', async () => {
    const { libvirt } = stack;
    await libvirt.virshXml('attach-device', nicOn(7, 'pro'), 'client', '--live');
    const second = (await client.taps())[1] ?? '';
    await inline([second]);
    await libvirt.virsh('detach-interface', 'client', 'network', '--mac', `${MAC}7`, '--live');
    await until('it is unplugged', async () => !(await masters(libvirt)).has(second));
    await eventually(async () => assert.deepEqual(await orphans(libvirt), []));

    const image = join(libvirt.root, 'images/saved');
    await libvirt.virsh('save', 'client', image);
    await eventually(async () => assert.deepEqual(await orphans(libvirt), []));
    await libvirt.virsh('restore', image);
    await client.up();
    await inline(await client.taps());
    await eventually(async () => assert.ok(await client.does(`ping -c 1 -W 2 ${SERVER}`)));
    assert.ok(!(await client.does(REDIS)));
  });

  test('a guest that migrates away leaves nothing', async () => {
    const there = await startPrivateLibvirt();
    try {
      await there.virshXml('net-create', network('pro', 'off'));
      await stack.libvirt.virshXml('create', domainXml('client-moves', { nics: nicOn(5, 'pro') }));
      const moves = /dev='(vnet\d+)'/.exec(await stack.libvirt.virsh('dumpxml', 'client-moves'))?.[1] ?? '';
      await inline([moves]);
      const target = `qemu+unix:///system?socket=${there.root}/run/libvirt/libvirt-sock`;
      const way = ['--desturi', target, '--migrateuri', `unix://${there.root}/images/migration`];
      await stack.libvirt.virsh('migrate', 'client-moves', '--live', ...way);
      assert.match(await there.virsh('list', '--name'), /client-moves/);
      await eventually(async () => assert.deepEqual(await orphans(stack.libvirt), []));
    } finally {
      await there.stop();
    }
  });

  test('a guest that starts without dp speaks with nobody until its policy is in', async (context) => {
    await inline(await taps());
    stack.hold('vmoat-dp');
    stack.kill('vmoat-dp');
    const late = await ShellGuest.make(stack.libvirt, rig.image, domain('client-late', 3));
    await late.up();
    assert.ok(!(await late.does(`ping -c 2 -W 1 ${SERVER}`)));
    assert.match(await late.sh('ip neigh'), /52:54:00:00:08:02/, 'ARP passes');
    assert.ok(await late.does('udhcpc -i eth0 -n -q -t 5 -T 1 -s /bin/true'), 'DHCP passes');
    assert.ok(await client.does(`ping -c 1 -W 2 ${SERVER}`), 'others go on');
    stack.letGo('vmoat-dp');
    await stack.ready();
    const ready_ms = Date.now();
    await eventually(async () => assert.ok(await late.does(`ping -c 1 -W 1 ${SERVER}`)));
    promised(context, 'it is heard', 1_000, Date.now() - ready_ms);
    await inline(await late.taps());
    const nic = (await stack.cli.nics()).find(({ workloadName }) => workloadName === 'client-late');
    assert.equal(
      nic?.protection?.frames.spoofed,
      undefined,
      'its address is its own from its first frame on',
    );
    assert.ok(!(await late.does(REDIS)));
    assert.doesNotMatch(await stack.libvirt.run('nft', 'list', 'ruleset'), /vmoat/);
    late.close();
    await stack.libvirt.virsh('destroy', 'client-late');
    await eventually(async () => assert.deepEqual(await orphans(stack.libvirt), []));
  });

  test('`vmoat-dp --restore` leaves the host as it was, and no guard', async () => {
    const restored = async (): Promise<Record<string, string>> => {
      stack.hold('vmoat-dp');
      stack.kill('vmoat-dp');
      await eventually(async () => assert.match(await stack.dp('--restore'), /off this host/));
      return networkDump(stack.libvirt);
    };
    const before = await restored();
    stack.letGo('vmoat-dp');
    await stack.ready();
    await inline(await taps());
    const after = await restored();
    for (const [what, was] of Object.entries(before)) assert.equal(after[what], was, what);
    assert.ok(await client.does(REDIS), 'nobody enforces any more');
    const free = await ShellGuest.make(stack.libvirt, rig.image, domain('client-free', 4));
    await free.up();
    assert.ok(await free.does(`ping -c 2 -W 2 ${SERVER}`), 'nor guards who starts');
    free.close();
  });
});
