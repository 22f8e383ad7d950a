// libvirt-watch against a real libvirt: everything that happens to a domain is told once, whoever dies meanwhile.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  applyChanges,
  type Change,
  type LibvirtWatch,
  type Nic,
  type Snapshot,
  systemBus,
  type Workload,
  watchLibvirt,
} from '../../libvirt-watch/index.ts';
import {
  eventually,
  type PrivateLibvirt,
  startPrivateLibvirt,
  until,
  whyNoPrivateLibvirt,
} from './private-libvirt.ts';
import { domainXml, makeGuest } from './tiny-guest.ts';

const NETWORK = `<network><name>wat-net</name><forward mode='nat'/><bridge name='watbr0'/>
  <portgroup name='slow'><bandwidth><inbound average='1000'/></bandwidth></portgroup>
  <ip address='10.77.0.1' prefix='24'><dhcp><range start='10.77.0.10' end='10.77.0.20'/>
  <host mac='52:54:00:77:00:01' ip='10.77.0.5'/></dhcp></ip></network>`;
const MAC = '52:54:00:77:00:01';
const SECOND = '52:54:00:77:00:02';
const nicXml = (mac: string, more = '') =>
  `<interface type='network'><mac address='${mac}'/><source network='wat-net'/><model type='virtio'/>${more}</interface>`;

describe('libvirt-watch on a real libvirt', { skip: whyNoPrivateLibvirt() ?? false }, () => {
  let libvirt: PrivateLibvirt;
  let watch: LibvirtWatch;
  let changes: Change[] = [];
  let sum: Snapshot = { workloads: new Map(), networks: new Map() };

  before(async () => {
    const policy = readFileSync(new URL('../../packaging/deb/vmoat.dbus.conf', import.meta.url), 'utf8');
    const [busPolicy = ''] =
      /<policy.*<\/policy>/s.exec(policy.replaceAll('user="vmoat"', 'user="nobody"')) ?? [];
    libvirt = await startPrivateLibvirt({ busPolicy });
    watch = watchLibvirt({
      bus: systemBus({ address: libvirt.busAddress, callTimeoutMs: 2000 }),
      onChanges: (some) => {
        changes.push(...some);
        sum = applyChanges(sum, some);
      },
    });
    await watch.ready;
    await libvirt.virshXml('net-create', NETWORK);
  });

  after(async () => {
    watch?.stop();
    await libvirt?.stop();
  });

  const workload = (name: string): Workload | undefined =>
    [...watch.snapshot.workloads.values()].find((each) => each.name === name);
  const nic = (name: string, mac: string): Nic | undefined =>
    workload(name)?.nics.find((each) => each.mac === mac);
  const inState = (name: string, state: Workload['state'], timeoutMs = 5000) =>
    until(`${name} is ${state}`, () => workload(name)?.state === state, timeoutMs);
  /** The kinds of the changes so far that concern the workload or its NICs; forgets them. */
  const told = (name: string): string[] => {
    const uuid = workload(name)?.uuid ?? '';
    const mine = changes.filter((change) =>
      'nic' in change ? change.workload === uuid : 'workload' in change && change.workload.uuid === uuid,
    );
    changes = [];
    return mine.map((change) => change.kind);
  };
  /** What was told adds up to what is known, and that agrees with libvirt's own lists. */
  const assertTrue = () => eventually(isTrue);
  const isTrue = async () => {
    const ids = (snapshot: Snapshot) =>
      [...snapshot.workloads.values()].flatMap((each) => each.nics.map(({ id }) => id)).sort();
    assert.deepEqual(ids(sum), ids(watch.snapshot));
    const names = (await libvirt.virsh('list', '--all', '--name')).trim().split(/\s+/).filter(Boolean);
    assert.deepEqual([...watch.snapshot.workloads.values()].map((each) => each.name).sort(), names.sort());
    assert.equal(new Set(ids(sum)).size, ids(sum).length);
  };

  test('a network with its addresses and fixed hosts', async () => {
    await until('the network is known', () => watch.snapshot.networks.size === 1);
    const [network] = [...watch.snapshot.networks.values()];
    assert.deepEqual(
      [network?.name, network?.active, network?.bridge, network?.forward],
      ['wat-net', true, 'watbr0', 'nat'],
    );
    assert.deepEqual(network?.addresses[0]?.hosts, [{ mac: MAC, name: null, address: '10.77.0.5' }]);
  });

  test('define, start, hot-plug, link down and unplug of a booted guest', async () => {
    const images = join(libvirt.root, 'images');
    const console = join(images, 'console');
    const head = `<title>A &lt;b&gt;title</title><metadata><v:tags xmlns:v='urn:t'><v:tag>db</v:tag></v:tags></metadata>`;
    await libvirt.virshXml(
      'define',
      domainXml('wat-guest', { boot: makeGuest(images), nics: nicXml(MAC), head, console }),
    );
    await inState('wat-guest', 'shutoff');
    assert.deepEqual(told('wat-guest'), ['workload-appeared', 'nic-added']);
    assert.deepEqual([workload('wat-guest')?.title, workload('wat-guest')?.tags], ['A <b>title', ['db']]);
    await libvirt.virsh('start', 'wat-guest');
    await inState('wat-guest', 'running');
    await until('its tap is known', () => nic('wat-guest', MAC)?.tap != null, 2000);
    assert.match(await libvirt.run('ip', '-br', 'link', 'show', nic('wat-guest', MAC)?.tap ?? ''), /vnet/);
    await until(
      'the guest is up',
      () => readFileSync(console, 'latin1').includes('tiny guest is up'),
      60_000,
    );
    told('wat-guest');

    await libvirt.virshXml('attach-device', nicXml(SECOND), 'wat-guest', '--live');
    await until('the second NIC is known', () => nic('wat-guest', SECOND)?.tap != null, 2000);
    assert.deepEqual(told('wat-guest'), ['nic-added']);

    // libvirt raises no event for this one: the sweep finds it.
    const xml = await libvirt.virsh(
      'dumpxml',
      'wat-guest',
      '--xpath',
      `//interface[mac/@address='${SECOND}']`,
    );
    await libvirt.virshXml(
      'update-device',
      xml.replace('</interface>', `<link state='down'/></interface>`),
      'wat-guest',
      '--live',
    );
    await until('the link is down', () => nic('wat-guest', SECOND)?.linkUp === false, 12_000);
    assert.deepEqual(told('wat-guest'), ['nic-changed']);

    await libvirt.virsh('detach-interface', 'wat-guest', 'network', '--mac', SECOND, '--live');
    await until('the second NIC is gone', () => nic('wat-guest', SECOND) === undefined, 5000);
    assert.deepEqual(told('wat-guest'), ['nic-removed']);
    await assertTrue();
  });

  test('metadata, suspend, resume, reset, save, restore', async () => {
    const tags = '<tags><tag>web</tag><tag>db</tag></tags>';
    await libvirt.virsh(
      'metadata',
      'wat-guest',
      '--uri',
      'urn:t',
      '--key',
      'v',
      '--set',
      tags,
      '--live',
      '--config',
    );
    await until('the tags are known', () => workload('wat-guest')?.tags.join() === 'db,web', 2000);
    await libvirt.virsh('suspend', 'wat-guest');
    await inState('wat-guest', 'paused');
    await libvirt.virsh('resume', 'wat-guest');
    await inState('wat-guest', 'running');
    told('wat-guest');
    await libvirt.virsh('reset', 'wat-guest');
    await sleep(300);
    assert.deepEqual(told('wat-guest'), []);
    await libvirt.virsh('save', 'wat-guest', join(libvirt.root, 'images/saved'));
    await inState('wat-guest', 'shutoff');
    assert.equal(nic('wat-guest', MAC)?.tap, null);
    await libvirt.virsh('restore', join(libvirt.root, 'images/saved'));
    await inState('wat-guest', 'running');
    await until('its tap is known', () => nic('wat-guest', MAC)?.tap != null, 2000);
    await assertTrue();
  });

  test('killed by its own QEMU: crashed', async () => {
    await libvirt.kill('qemu-system-x86');
    await inState('wat-guest', 'crashed');
    await libvirt.virsh('undefine', 'wat-guest');
    await until('it is gone', () => workload('wat-guest') === undefined, 2000);
    await assertTrue();
  });

  test('rename keeps the identity', async () => {
    await libvirt.virshXml(
      'define',
      domainXml('wat-old', { nics: nicXml(MAC, `<bandwidth><inbound average='500'/></bandwidth>`) }),
    );
    await inState('wat-old', 'shutoff');
    assert.equal(nic('wat-old', MAC)?.bandwidth?.inbound?.average, 500);
    const { uuid } = workload('wat-old') ?? {};
    changes = [];
    await libvirt.virsh('domrename', 'wat-old', 'wat-new');
    await until('the new name is known', () => workload('wat-new') !== undefined, 2000);
    assert.equal(workload('wat-new')?.uuid, uuid);
    assert.deepEqual(told('wat-new'), ['workload-changed']);
    await libvirt.virsh('undefine', 'wat-new');
    await until('it is gone', () => watch.snapshot.workloads.size === 0, 2000);
  });

  test('snapshot revert brings back the NICs and the state of then', async () => {
    const disk = join(libvirt.root, 'images/disk.qcow2');
    await libvirt.run('qemu-img', 'create', '-q', '-f', 'qcow2', disk, '8M');
    await libvirt.virshXml('define', domainXml('wat-snap', { disk, nics: nicXml(MAC) }));
    await libvirt.virsh('snapshot-create-as', 'wat-snap', 'then');
    await libvirt.virsh('attach-interface', 'wat-snap', 'network', 'wat-net', '--mac', SECOND, '--config');
    await libvirt.virsh('start', 'wat-snap');
    await until('both NICs run', () => nic('wat-snap', SECOND)?.tap != null, 3000);
    await libvirt.virsh('snapshot-revert', 'wat-snap', 'then');
    await inState('wat-snap', 'shutoff');
    await until('the NIC of later is gone', () => nic('wat-snap', SECOND) === undefined, 3000);
    await libvirt.virsh('undefine', 'wat-snap', '--snapshots-metadata');
    await until('it is gone', () => watch.snapshot.workloads.size === 0, 2000);
    await assertTrue();
  });

  test('a running domain that is undefined becomes transient, and goes when it ends', async () => {
    await libvirt.virshXml('define', domainXml('wat-tran', { nics: nicXml(MAC) }));
    await libvirt.virsh('start', 'wat-tran');
    await inState('wat-tran', 'running');
    await libvirt.virsh('undefine', 'wat-tran');
    await until('it is transient', () => workload('wat-tran')?.persistent === false, 2000);
    await libvirt.virsh('destroy', 'wat-tran');
    await until('it is gone', () => watch.snapshot.workloads.size === 0, 2000);
  });

  test('kinds without a tap are listed with their reason', async () => {
    const nics = `<interface type='user'><mac address='${SECOND}'/></interface>${nicXml(MAC)}`;
    await libvirt.virshXml('create', domainXml('wat-user', { nics }));
    await inState('wat-user', 'running');
    assert.match(nic('wat-user', SECOND)?.untappable ?? '', /user-mode/);
    assert.equal(nic('wat-user', SECOND)?.tap, null);
    assert.equal(nic('wat-user', MAC)?.untappable, null);
    await libvirt.virsh('destroy', 'wat-user');
  });

  const lost = () => until('the loss is noticed', () => watch.connection.state !== 'connected', 10_000);
  const connectedAfter = (before: number) =>
    until(
      'connected again',
      () => watch.connection.state === 'connected' && watch.connection.reconnects > before,
    );
  /** A domain that runs, whatever the test before has left. */
  const stay = async () => {
    if (!workload('wat-stay')) await libvirt.virshXml('define', domainXml('wat-stay', { nics: nicXml(MAC) }));
    const state = (await libvirt.virsh('domstate', 'wat-stay')).trim();
    if (state !== 'running') await libvirt.virsh(state === 'paused' ? 'resume' : 'start', 'wat-stay');
    await inState('wat-stay', 'running');
    await until('its tap is known', () => nic('wat-stay', MAC)?.tap != null);
    await sleep(500);
    told('wat-stay');
    return watch.connection.reconnects;
  };
  const eventsCome = async () => {
    const before = watch.counts.signals;
    await libvirt.virsh('suspend', 'wat-stay');
    await until('events come', () => watch.counts.signals > before);
    await inState('wat-stay', 'paused');
  };

  test('libvirtd is killed and started: nothing is told, and events come again', async () => {
    const reconnects = await stay();
    await libvirt.kill('libvirtd');
    await lost();
    assert.notEqual(watch.connection.reason, '');
    assert.equal(workload('wat-stay')?.state, 'running');
    await libvirt.start('libvirtd');
    await connectedAfter(reconnects);
    assert.deepEqual(told('wat-stay'), []);
    await eventsCome();
    await assertTrue();
  });

  test('what happens while libvirtd is dead is told when it is back', async () => {
    const reconnects = await stay();
    await libvirt.kill('libvirtd');
    await libvirt.kill('qemu-system-x86');
    await lost();
    await libvirt.start('libvirtd');
    await connectedAfter(reconnects);
    await until(
      'it has ended',
      () => ['crashed', 'shutoff'].includes(workload('wat-stay')?.state ?? ''),
      5000,
    );
    await assertTrue();
  });

  test('libvirt-dbus is killed: started by the next call, events come again', async () => {
    const reconnects = await stay();
    await libvirt.kill('libvirt-dbus');
    await connectedAfter(reconnects);
    assert.deepEqual(told('wat-stay'), []);
    await eventsCome();
    await assertTrue();
  });

  test('the bus is killed and started again, with libvirtd, which ends with its bus', async () => {
    const reconnects = await stay();
    await libvirt.kill('dbus-daemon');
    await lost();
    await until('libvirtd has ended', () => libvirt.pids('libvirtd').length === 0);
    await libvirt.start('dbus-daemon');
    await libvirt.start('libvirtd');
    await connectedAfter(reconnects);
    assert.deepEqual(told('wat-stay'), []);
    await eventsCome();
    await assertTrue();
  });

  test('a libvirtd that hangs is noticed, and found again', async () => {
    const reconnects = await stay();
    await libvirt.kill('libvirtd', 'SIGSTOP');
    await lost();
    assert.match(watch.connection.reason, /no answer/);
    await libvirt.kill('libvirtd', 'SIGCONT');
    await connectedAfter(reconnects);
    await libvirt.virsh('destroy', 'wat-stay');
    await inState('wat-stay', 'shutoff');
    await assertTrue();
  });

  test('an unprivileged user reads with the packaged policy, and may do nothing else', async () => {
    const child = await asNobody(libvirt.busAddress, [
      ['ListDomains', 'read'],
      ['GetXMLDesc', 'read'],
      ['Destroy', 'refused'],
      ['Create', 'refused'],
      ['DomainDefineXML', 'refused'],
    ]);
    assert.equal(child, '');
  });
});

/** Makes each call as user nobody; returns what did not end as expected. */
async function asNobody(address: string, calls: [member: string, expected: string][]): Promise<string> {
  const script = new URL('as-nobody.ts', import.meta.url).pathname;
  const options = [
    '--reuid=65534',
    '--regid=65534',
    '--clear-groups',
    process.execPath,
    '--import',
    'tsx',
    script,
  ];
  const environment = {
    ...process.env,
    DBUS_SYSTEM_BUS_ADDRESS: address,
    HOME: '/tmp',
    CALLS: JSON.stringify(calls),
  };
  const child = spawn('setpriv', options, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
  await new Promise((resolve) => child.once('close', resolve));
  return output;
}
