// A small host for the tests of this room: nat network (host is router), two isolated networks with the same
// addresses, a guest that routes between two segments, a LAN bridge with a physical uplink.
import type { Link, NicProtection, Segment, TappedNic } from '../dp/contract/protocol.ts';
import { AddressBook } from './address-book.ts';
import { buildTopology } from './model.ts';
import type {
  AddressSource,
  LearnedAddress,
  Topology,
  TopologyInput,
  TopologyNetwork,
  TopologyWorkload,
} from './types.ts';

export const NAT = 1;
export const RED = 2;
export const BLUE = 3;
export const LAN = 4;
export const ROUTED = 5;
export const HOST_MAC = '52:54:00:ff:00:01';

function link(ifindex: number, name: string, more: Partial<Link> = {}): Link {
  const usual = { netns: '', kind: 'tun', mac: `fe:00:00:00:00:0${ifindex % 10}`, mtu: 1500, up: true };
  return { ifindex, name, ...usual, master: 0, lower: 0, id: 0, addresses: [], ...more };
}

const bridges = [
  link(11, 'virbr0', { kind: 'bridge', mac: HOST_MAC, addresses: ['192.168.122.1/24', 'fe80::1/64'] }),
  link(12, 'virbr1', { kind: 'bridge', mac: '52:54:00:ff:00:02' }),
  link(13, 'virbr2', { kind: 'bridge', mac: '52:54:00:ff:00:03' }),
  link(14, 'br0', { kind: 'bridge', mac: '52:54:00:ff:00:04', addresses: ['203.0.113.10/24'] }),
  link(15, 'virbr3', { kind: 'bridge', mac: '52:54:00:ff:00:05', addresses: ['10.9.0.1/24', 'fd09::1/64'] }),
  link(16, 'eth0', { kind: '', master: 14 }),
];
const segments: Segment[] = [11, 12, 13, 14, 15].map((ifindex, index) => {
  const name = bridges[index]?.name ?? '';
  return { segment: index + 1, netns: '', link: name, ifindex, vlan: 0 };
});

/** slot → [workload, segment]; slot n has tap `vnet<n>` and MAC 52:54:00:00:00:<n in hex>. */
const plugged: [string, number][] = [
  ['nat-a', NAT],
  ['nat-b', NAT],
  ['red-a', RED],
  ['red-b', RED],
  ['blue-a', BLUE],
  ['blue-b', BLUE],
  ['router', RED],
  ['router', ROUTED],
  ['routed-a', ROUTED],
  ['lan-a', LAN],
];

export const macOf = (slot: number) => `52:54:00:00:00:${slot.toString(16).padStart(2, '0')}`;
export const uuidOf = (name: string) => `uuid-of-${name}`;

function network(name: string, bridge: string, more: Partial<TopologyNetwork> = {}): TopologyNetwork {
  return { name, active: true, bridge, forward: 'isolated', addresses: [], leases: [], ...more };
}

const networks: TopologyNetwork[] = [
  network('default', 'virbr0', {
    forward: 'nat',
    addresses: [
      { address: '192.168.122.1', prefix: 24, hosts: [{ mac: macOf(1), address: '192.168.122.11' }] },
    ],
    leases: [{ mac: macOf(2), address: '192.168.122.12' }],
  }),
  network('red', 'virbr1'),
  network('blue', 'virbr2'),
  network('routed', 'virbr3', {
    forward: 'route',
    addresses: [{ address: '10.9.0.1', prefix: 24, hosts: [] }],
  }),
];

/** As a NIC is that nobody enforces anything at. */
export const UNPROTECTED: NicProtection = {
  state: 'off',
  enforcer: null,
  reason: 'not in protect',
  failPolicy: 'open',
  frames: {},
};

function tappedOf([, segment]: [string, number], index: number): TappedNic {
  const slot = index + 1;
  const lost = { ring: 0, budget: 0, table: 0, quota: 0, read: 0 };
  const counts = { packets: [0, 0] as [number, number], bytes: [0, 0] as [number, number], lost };
  const tap = { slot, ifindex: 100 + slot, tap: `vnet${slot}`, mac: `fe:54:00:00:00:0${slot}`, netns: '' };
  return {
    ...tap,
    segment,
    hook: 'tcx',
    reason: '',
    since: '2026-01-01T00:00:00Z',
    ...counts,
    protection: UNPROTECTED,
  };
}

function workloadsOf(): TopologyWorkload[] {
  const names = [...new Set(plugged.map(([name]) => name))];
  return names.map((name) => ({
    uuid: uuidOf(name),
    name,
    nics: plugged.flatMap(([owner, segment], index) =>
      owner === name
        ? [
            {
              id: `${uuidOf(name)}/${macOf(index + 1)}`,
              mac: macOf(index + 1),
              tap: `vnet${index + 1}`,
              network: ['default', 'red', 'blue', null, 'routed'][segment - 1] ?? null,
              bridge: bridges[segment - 1]?.name ?? null,
              addresses: [],
            },
          ]
        : [],
    ),
  }));
}

export function input(more: Partial<TopologyInput> = {}): TopologyInput {
  const nics = plugged.map(tappedOf);
  const taps = nics.map((nic) => link(nic.ifindex, nic.tap, { master: 10 + nic.segment }));
  return {
    links: [...bridges, ...taps],
    segments,
    nics,
    workloads: workloadsOf(),
    networks,
    hostNetns: '',
    hostName: 'kvm1',
    ...more,
  };
}

export function learned(
  slot: number,
  address: string,
  source: AddressSource = 'arp',
  more: Partial<LearnedAddress> = {},
): LearnedAddress {
  const segment = plugged[slot - 1]?.[1] ?? 0;
  return { segment, address, mac: macOf(slot), slot, source, gone: false, seenMs: 1000, ...more };
}

/** The host with every guest's address known: red and blue both have 10.0.0.1 and 10.0.0.2. */
export function host(): { topology: Topology; book: AddressBook } {
  const topology = buildTopology(input());
  const book = new AddressBook();
  book.sync(topology);
  book.learn([
    learned(3, '10.0.0.1'),
    learned(4, '10.0.0.2'),
    learned(5, '10.0.0.1'),
    learned(6, '10.0.0.2'),
    learned(7, '10.0.0.254'),
    learned(8, '10.9.0.254'),
    learned(9, '10.9.0.9'),
    learned(10, '203.0.113.20'),
  ]);
  return { topology, book };
}
