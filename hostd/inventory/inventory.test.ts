import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TappedNic } from '../../dp/contract/protocol.ts';
import type { Nic as LibvirtNic, Snapshot, Workload } from '../../libvirt-watch/types.ts';
import { UNPROTECTED } from '../../topology/fixture.ts';
import { Nic } from '../api/schema.ts';
import { automaticGroup } from './automatic-group.ts';
import { Inventory, type Tables } from './inventory.ts';

const UUID = '11111111-1111-4111-8111-111111111111';

const guestNic = (change: Partial<LibvirtNic> = {}): LibvirtNic => ({
  id: `${UUID}/52:54:00:00:00:01`,
  mac: '52:54:00:00:00:01',
  tap: 'vnet0',
  source: 'bridge',
  type: 'bridge',
  network: null,
  portGroup: null,
  bridge: 'br0',
  device: null,
  directMode: null,
  vlans: [],
  model: 'virtio',
  linkUp: true,
  bandwidth: null,
  filter: null,
  addresses: [],
  untappable: null,
  ...change,
});

function snapshot(state: Workload['state'], ...nics: LibvirtNic[]): Snapshot {
  const facts = {
    uuid: UUID,
    name: 'web-1',
    title: null,
    os: null,
    tags: [],
    persistent: true,
    unreadable: null,
  };
  return { workloads: new Map([[UUID, { ...facts, state, nics }]]), networks: new Map() };
}

const tapped = (tap: string, slot: number, change: Partial<TappedNic> = {}): TappedNic => ({
  slot,
  ifindex: 10 + slot,
  tap,
  mac: `fe:54:00:00:00:0${slot}`,
  netns: 'host',
  segment: 1,
  hook: 'tcx',
  reason: '',
  since: '2026-11-20T12:00:00.000Z',
  packets: [1, 2],
  bytes: [3, 4],
  lost: { ring: 1, budget: 0, table: 2, quota: 0, read: 0 },
  protection: UNPROTECTED,
  ...change,
});

const tables = (...nics: TappedNic[]): Tables => ({
  nics,
  links: [],
  segments: [{ segment: 1, netns: 'host', link: 'br0', ifindex: 10, vlan: 0 }],
});

function setUp() {
  let changes = 0;
  let seen: number | null = null;
  const conflicts: unknown[] = [];
  const inventory = new Inventory({
    hostName: 'kvm',
    place: () => ({ mode: 'learn', modeFrom: null, groups: [] }),
    onChange: () => changes++,
    onConflicts: (found) => conflicts.push(...found),
    libvirtSeen: () => seen,
  });
  const look = (at: number): void => {
    seen = at;
  };
  return { inventory, conflicts, changes: () => changes, look };
}

test('a NIC is joined with its tap: hook, traffic, losses, addresses', () => {
  const { inventory } = setUp();
  inventory.takeLibvirt(snapshot('running', guestNic()));
  inventory.takeTables(tables(tapped('vnet0', 1)));
  inventory.learn([
    {
      segment: 1,
      address: '10.0.0.1',
      mac: '52:54:00:00:00:01',
      slot: 1,
      source: 'arp',
      gone: false,
      seenMs: 1,
    },
  ]);
  const [nic] = inventory.nics().map((each) => Nic.parse(each));
  assert.deepEqual(
    [nic?.hook, nic?.segment, nic?.bytes, nic?.lost, nic?.reason],
    ['tcx', 'br0', [3, 4], 3, ''],
  );
  assert.deepEqual(nic?.addresses, [{ address: '10.0.0.1', source: 'arp' }]);
  assert.deepEqual(inventory.expected().nics, [
    {
      tap: 'vnet0',
      mac: '52:54:00:00:00:01',
      workload: UUID,
      nic: `${UUID}/52:54:00:00:00:01`,
      bandwidth: false,
      filtered: false,
    },
  ]);
});

test('a NIC’s own addresses are those that libvirt gave it, also before it is tapped', () => {
  const { inventory } = setUp();
  const mac = '52:54:00:00:00:01';
  const lan = {
    addresses: [{ address: '10.0.0.254', prefix: 24, hosts: [{ mac, address: '10.0.0.6' }] }],
    leases: [
      { mac, address: '10.0.0.7' },
      { mac: '52:54:00:00:00:09', address: '10.0.0.9' },
    ],
  };
  const { workloads } = snapshot('running', guestNic({ network: 'lan', addresses: ['10.0.0.5'] }));
  const networks = new Map([['lan', { name: 'lan', active: true, bridge: 'br0', ...lan }]]);
  inventory.takeLibvirt({ workloads, networks: networks as unknown as Snapshot['networks'] });
  assert.deepEqual(
    [...inventory.givenAddresses()],
    [[`${UUID}/${mac}`, { configured: ['10.0.0.5', '10.0.0.6'], leased: ['10.0.0.7'] }]],
  );
});

test('dp is told whose taps libvirt’s own filters name', () => {
  const { inventory } = setUp();
  inventory.takeLibvirt(snapshot('running', guestNic({ filter: 'clean-traffic' })));
  assert.deepEqual(
    inventory.expected().nics.map(({ tap, filtered }) => [tap, filtered]),
    [['vnet0', true]],
  );
});

const untapped: [string, Workload['state'], Partial<LibvirtNic>, RegExp][] = [
  [
    'a kind that has no host side',
    'running',
    { tap: null, untappable: 'user-mode network' },
    /^user-mode network$/,
  ],
  ['a VM that does not run', 'shutoff', { tap: null }, /does not run/],
  ['a tap that dp has not', 'running', {}, /has not tapped it/],
  ['no tap named', 'running', { tap: null }, /names no interface/],
];
for (const [name, state, change, reason] of untapped)
  test(`why a NIC is not tapped: ${name}`, () => {
    const { inventory } = setUp();
    inventory.takeLibvirt(snapshot(state, guestNic(change)));
    const [nic] = inventory.nics();
    assert.equal(nic?.hook, 'none');
    assert.match(nic?.reason ?? '', reason);
  });

test('a tap that belongs to no VM is listed, and names its traffic', () => {
  const { inventory } = setUp();
  inventory.takeTables(tables(tapped('tap7', 2)));
  const [nic] = inventory.nics().map((each) => Nic.parse(each));
  assert.deepEqual([nic?.workload, nic?.tap, nic?.reason], ['tap:tap7', 'tap7', 'libvirt knows no such tap']);
  const end = { segment: 1, address: '10.0.0.9', mac: '', slot: 2 };
  assert.equal(inventory.name(end, 'source').id, 'tap:tap7');
});

test('counters alone are no reason to ask everything again', () => {
  const { inventory, changes } = setUp();
  inventory.takeTables(tables(tapped('vnet0', 1)));
  const before = changes();
  inventory.takeTables(tables(tapped('vnet0', 1, { packets: [100, 200], bytes: [5000, 6000] })));
  assert.equal(changes(), before);
  assert.deepEqual(inventory.nics()[0]?.packets, [100, 200]);
  inventory.takeTables(tables(tapped('vnet0', 1), tapped('vnet1', 2)));
  assert.equal(changes(), before + 1);
});

const groups: [string, string][] = [
  ['web-1', 'web'],
  ['web-02', 'web'],
  ['web3', 'web'],
  ['db_10', 'db'],
  ['db.1', 'db'],
  ['postgres-main', 'postgres-main'],
  ['42', '42'],
  ['a-1-2', 'a-1'],
];
for (const [name, group] of groups)
  test(`the automatic group of ${name}`, () => assert.equal(automaticGroup(name), group));

test('a vmoat-dp that starts anew takes no address from a NIC; an hour of silence does', () => {
  const { inventory, changes } = setUp();
  inventory.takeLibvirt(snapshot('running', guestNic()));
  inventory.takeTables(tables(tapped('vnet0', 1)));
  const seenMs = Date.parse('2026-11-20T12:00:00.000Z');
  const said = { segment: 1, address: '10.0.0.1', mac: '52:54:00:00:00:01', slot: 1, source: 'arp' } as const;
  inventory.learn([{ ...said, gone: false, seenMs }]);
  inventory.takeTables(tables({ ...tapped('vnet0', 1), since: '2026-11-20T13:00:00.000Z' }));
  const before = changes();
  inventory.expire(seenMs + 3_600_000);
  assert.deepEqual([inventory.nics()[0]?.addresses.length, changes()], [1, before]);
  inventory.expire(seenMs + 4_000_000);
  assert.deepEqual([inventory.nics()[0]?.addresses.length, changes()], [0, before + 1]);
});

test('a tap is foreign by a look that began when it was old enough, until libvirt claims it', () => {
  const { inventory, look } = setUp();
  const nic = tapped('tap9', 1);
  const since = Date.parse(nic.since);
  inventory.takeTables(tables(nic, tapped('vnet0', 2)));
  const foreign = (): string[] => inventory.foreignTaps().map(({ tap }) => tap);
  assert.deepEqual(foreign(), [], 'nobody has looked');
  inventory.takeLibvirt(snapshot('running', guestNic()));
  look(since + 4999);
  assert.deepEqual(foreign(), []);
  look(since + 5000);
  assert.deepEqual(foreign(), ['tap9']);
  inventory.takeLibvirt(snapshot('running', guestNic(), guestNic({ tap: 'tap9' })));
  assert.deepEqual(foreign(), []);
});

test('while libvirt is away a foreign tap stays one, and one that is made anew is not', () => {
  const { inventory, look } = setUp();
  const nic = tapped('tap9', 1);
  look(Date.parse(nic.since) + 5000);
  inventory.takeTables(tables(nic));
  assert.equal(inventory.foreignTaps().length, 1);
  inventory.takeTables(tables({ ...nic, since: '2026-11-20T12:00:01.000Z' }));
  assert.deepEqual(inventory.foreignTaps(), []);
});
