import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AddressBook } from '../../topology/address-book.ts';
import { UNPROTECTED } from '../../topology/fixture.ts';
import { buildTopology } from '../../topology/model.ts';
import { resolve } from '../../topology/resolve.ts';
import { resolvedEnds } from './resolved-ends.ts';

const link = (ifindex: number, name: string, kind: string, master: number, addresses: string[] = []) => ({
  ...{ ifindex, name, kind, master, addresses, netns: 'host', mtu: 1500, up: true, lower: 0, id: 0 },
  mac: `fe:00:00:00:00:${ifindex}`,
});
const tapped = (slot: number, tap: string, segment: number) => ({
  ...{
    slot,
    ifindex: 20 + slot,
    tap,
    mac: `fe:54:00:00:00:0${slot}`,
    netns: 'host',
    segment,
    hook: 'tcx' as const,
  },
  ...{ reason: '', since: '', packets: [0, 0] as [number, number], bytes: [0, 0] as [number, number] },
  lost: { ring: 0, budget: 0, table: 0, quota: 0, read: 0 },
  protection: UNPROTECTED,
});
const plugged = (name: string, mac: string, tap: string, bridge: string) => ({
  ...{ uuid: `uuid-${name}`, name },
  nics: [{ id: `${name}/${mac}`, mac, tap, network: null, bridge, addresses: [] }],
});

/** Two bridges of a host that routes between them, a VM in each. */
const topology = buildTopology({
  links: [
    link(10, 'br0', 'bridge', 0, ['10.0.0.254/24']),
    link(11, 'br1', 'bridge', 0, ['10.1.0.254/24']),
    link(21, 'vnet1', 'tun', 10),
    link(22, 'vnet2', 'tun', 11),
  ],
  segments: [
    { segment: 1, netns: 'host', link: 'br0', ifindex: 10, vlan: 0 },
    { segment: 2, netns: 'host', link: 'br1', ifindex: 11, vlan: 0 },
  ],
  nics: [tapped(1, 'vnet1', 1), tapped(2, 'vnet2', 2)],
  workloads: [
    plugged('web', '52:54:00:00:00:01', 'vnet1', 'br0'),
    plugged('db', '52:54:00:00:00:02', 'vnet2', 'br1'),
  ],
  networks: [],
  hostNetns: 'host',
  hostName: 'kvm',
});
const book = new AddressBook();
book.sync(topology);
const said = (slot: number, address: string, source: 'arp' | 'ndp' | 'traffic') => ({
  ...{ segment: slot, address, slot, source, gone: false, seenMs: 1 },
  mac: `52:54:00:00:00:0${slot}`,
});
book.learn([
  said(1, '10.0.0.1', 'arp'),
  said(2, '10.1.0.2', 'arp'),
  said(2, 'fe80::2', 'ndp'),
  // What web may not have: the host's address, db's, an address of whoever it routes for, and ones of nobody.
  said(1, '10.0.0.254', 'arp'),
  said(1, '10.1.0.2', 'arp'),
  said(1, '198.51.100.1', 'traffic'),
  said(1, '224.0.0.1', 'arp'),
  said(1, '10.0.0.255', 'arp'),
]);
const ends = resolvedEnds(topology, book);

test('the host, broadcast, the NICs of each segment, and the NICs that the host routes to', () => {
  assert.deepEqual(
    ends.map(({ segment, address, kind, workload }) => `${segment} ${address} ${workload ?? kind}`).sort(),
    [
      '1 10.0.0.1 uuid-web',
      '1 10.0.0.254 host',
      '1 10.0.0.255 broadcast',
      '1 10.1.0.2 uuid-db',
      '1 10.1.0.254 host',
      '2 10.0.0.1 uuid-web',
      '2 10.0.0.254 host',
      '2 10.1.0.2 uuid-db',
      '2 10.1.0.254 host',
      '2 10.1.0.255 broadcast',
      '2 fe80::2 uuid-db',
    ],
  );
});

test('each is who a frame to it would be resolved to', () => {
  const macOf = new Map([
    [1, 'fe:00:00:00:00:10'],
    [2, 'fe:00:00:00:00:11'],
  ]);
  const own = new Map([
    ['1 uuid-web', '52:54:00:00:00:01'],
    ['2 uuid-db', '52:54:00:00:00:02'],
  ]);
  for (const { segment, address, kind: listed, workload } of ends) {
    const mac =
      listed === 'broadcast'
        ? 'ff:ff:ff:ff:ff:ff'
        : (own.get(`${segment} ${workload}`) ?? macOf.get(segment) ?? '');
    const { kind, id } = resolve(topology, book, { segment, address, mac, role: 'destination' });
    assert.deepEqual([kind, id], [listed, workload ?? listed], `${segment} ${address}`);
  }
});

test('of two that claim an address, its owner stays who it is', () => {
  const contested = new AddressBook();
  contested.sync(topology);
  const thief = { ...said(1, '10.0.0.7', 'arp'), slot: 0, mac: '52:54:00:00:00:99' };
  contested.learn([said(1, '10.0.0.7', 'arp'), thief, { ...thief, seenMs: 9 }]);
  const [end] = resolvedEnds(topology, contested).filter(({ address }) => address === '10.0.0.7');
  assert.equal(end?.workload, 'uuid-web');
});
