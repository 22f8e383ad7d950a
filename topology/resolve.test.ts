// Who an address is, rule by rule, on the fixture's host.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AddressBook } from './address-book.ts';
import { BLUE, HOST_MAC, host, input, LAN, learned, macOf, NAT, RED, ROUTED, uuidOf } from './fixture.ts';
import { buildTopology } from './model.ts';
import { resolve } from './resolve.ts';
import type { Query } from './types.ts';

const { topology, book } = host();
const to = (segment: number, address: string, more: Partial<Query> = {}) =>
  resolve(topology, book, { segment, address, role: 'destination', ...more });
const from = (segment: number, address: string, more: Partial<Query> = {}) =>
  resolve(topology, book, { segment, address, role: 'source', ...more });

test('a source is the tap it entered by, whatever address it claims', () => {
  assert.deepEqual(from(RED, '10.0.0.1', { slot: 3 }), {
    kind: 'vm',
    id: uuidOf('red-a'),
    name: 'red-a',
    nic: 'vnet3',
    why: 'entered by tap vnet3',
  });
  const spoofed = from(RED, '10.0.0.2', { slot: 3, mac: macOf(4) });
  assert.equal(spoofed.name, 'red-a');
  assert.match(spoofed.why, /belongs to another end/);
});

test('two segments with the same addresses never mix', () => {
  assert.equal(to(RED, '10.0.0.2').name, 'red-b');
  assert.equal(to(BLUE, '10.0.0.2').name, 'blue-b');
  assert.equal(to(BLUE, '10.0.0.1', { mac: macOf(5) }).name, 'blue-a');
  // The MAC of red's guest means nothing in blue.
  assert.notEqual(to(BLUE, '10.0.0.1', { mac: macOf(3) }).kind, 'vm');
  assert.notEqual(to(BLUE, '10.9.0.9').kind, 'vm');
});

test('a NIC is the destination only if it owns the address', () => {
  assert.equal(to(RED, '10.0.0.2', { mac: macOf(4) }).name, 'red-b');
  assert.notEqual(to(RED, '10.0.0.2', { mac: macOf(3) }).name, 'red-a');
  assert.notEqual(to(RED, '10.0.0.2', { slot: 3 }).kind, 'vm');
  assert.match(to(NAT, '192.168.122.11').why, /^configured/);
  assert.match(to(NAT, '192.168.122.12').why, /^leased/);
  assert.match(to(RED, '10.0.0.2').why, /^observed \(arp\)/);
});

test('the host is found by its own addresses, and only where it is', () => {
  const gateway = to(NAT, '192.168.122.1', { mac: HOST_MAC });
  assert.deepEqual([gateway.kind, gateway.id, gateway.name], ['host', 'host', 'kvm1']);
  assert.equal(to(NAT, '10.9.0.1', { mac: HOST_MAC }).kind, 'host');
  assert.equal(to(NAT, HOST_MAC, { mac: HOST_MAC }).kind, 'host');
  assert.notEqual(to(RED, '192.168.122.1').kind, 'host');
  assert.notEqual(to(NAT, '192.168.122.1', { mac: macOf(2) }).kind, 'host');
});

test('what a tap says for itself is the host’s word, also on a bridge without an address', () => {
  const links = input().links.map((link) =>
    link.name === 'vnet3'
      ? { ...link, mac: 'fe:54:00:aa:aa:03', addresses: ['fe80::fc54:ff:feaa:aa03/64'] }
      : link,
  );
  const spoken = buildTopology(input({ links }));
  const ask = (address: string) =>
    resolve(spoken, book, { segment: RED, address, role: 'source', mac: 'fe:54:00:aa:aa:03' });
  assert.equal(ask('fe80::fc54:ff:feaa:aa03').kind, 'host');
  assert.equal(ask('::').kind, 'host');
  assert.notEqual(ask('10.0.0.77').kind, 'host');
});

test('through the host as a router', () => {
  const found = to(NAT, '10.9.0.9', { mac: HOST_MAC });
  assert.equal(found.name, 'routed-a');
  assert.match(found.why, /through the router to routed/);
  assert.equal(to(NAT, '10.9.0.77', { mac: HOST_MAC }).id, 'routed');
  assert.equal(to(NAT, '10.0.0.1', { mac: HOST_MAC }).kind, 'external');
});

test('through a guest as a router', () => {
  const found = to(RED, '10.9.0.9', { mac: macOf(7) });
  assert.equal(found.name, 'routed-a');
  assert.match(found.why, /through router as a router/);
  assert.equal(to(RED, '198.51.100.1', { mac: macOf(7) }).kind, 'external');
});

test('multicast, broadcast and the subnet’s own broadcast', () => {
  assert.equal(to(NAT, '224.0.0.251').kind, 'multicast');
  assert.equal(to(NAT, 'ff02::fb', { mac: '33:33:00:00:00:fb' }).kind, 'multicast');
  assert.equal(to(NAT, '192.168.122.255', { mac: 'ff:ff:ff:ff:ff:ff' }).kind, 'broadcast');
  assert.equal(to(NAT, '192.168.122.255').kind, 'broadcast');
  assert.equal(to(RED, '255.255.255.255').kind, 'broadcast');
  assert.equal(to(RED, '01:80:c2:00:00:00').kind, 'multicast');
  assert.equal(to(RED, '', { mac: 'ff:ff:ff:ff:ff:ff' }).kind, 'broadcast');
});

test('named networks and the outside', () => {
  assert.deepEqual([to(NAT, '192.168.122.99').kind, to(NAT, '192.168.122.99').id], ['network', 'default']);
  assert.equal(to(RED, '10.0.0.99').id, 'red');
  assert.equal(to(NAT, '198.51.100.7', { mac: HOST_MAC }).kind, 'external');
  assert.equal(to(LAN, '203.0.113.99').kind, 'external');
  assert.equal(to(99, '10.0.0.1').kind, 'external');
});

test('a NIC whose address nobody knows yet is found by its MAC, inside the subnet only', () => {
  const fresh = new AddressBook();
  fresh.sync(topology);
  const ask = (segment: number, address: string, slot: number) =>
    resolve(topology, fresh, { segment, address, role: 'destination', mac: macOf(slot) });
  assert.equal(ask(NAT, '192.168.122.50', 2).name, 'nat-b');
  assert.notEqual(ask(NAT, '198.51.100.1', 2).kind, 'vm');
  assert.equal(ask(RED, '10.0.0.7', 3).name, 'red-a');
  assert.notEqual(ask(RED, '10.0.0.7', 7).kind, 'vm'); // a router may forward it
});

test('traffic alone gives no address from elsewhere', () => {
  const fresh = new AddressBook();
  fresh.sync(topology);
  fresh.learn([
    learned(2, '198.51.100.1', 'traffic'),
    learned(3, '10.0.0.1'),
    learned(3, '8.8.8.8', 'traffic'),
  ]);
  const ask = (segment: number, address: string) =>
    resolve(topology, fresh, { segment, address, role: 'destination' });
  assert.notEqual(ask(NAT, '198.51.100.1').kind, 'vm');
  assert.notEqual(ask(RED, '8.8.8.8').kind, 'vm');
  fresh.learn([learned(3, '10.0.0.9', 'traffic')]);
  assert.equal(ask(RED, '10.0.0.9').name, 'red-a');
});

test('IPv6 and VLANs', () => {
  const fresh = new AddressBook();
  fresh.sync(topology);
  fresh.learn([learned(9, 'fd09::9', 'ndp'), learned(1, 'fe80::a', 'ndp')]);
  const ask = (segment: number, address: string, mac?: string) =>
    resolve(topology, fresh, { segment, address, role: 'destination', ...(mac ? { mac } : {}) });
  assert.equal(ask(ROUTED, 'fd09::9').name, 'routed-a');
  assert.equal(ask(NAT, 'fe80::a').name, 'nat-a');
  assert.notEqual(ask(ROUTED, 'fe80::a').kind, 'vm');
  const tagged = { segment: 9, netns: '', link: 'br0', ifindex: 14, vlan: 100 };
  const view = buildTopology({ ...input(), segments: [tagged] }).segments.get(9);
  assert.deepEqual([view?.name, view?.hostAddresses], ['br0.100', []]);
});

test('taps that libvirt does not know are named by themselves', () => {
  const bare = buildTopology(input({ workloads: [] }));
  const found = resolve(bare, book, { segment: RED, address: '10.0.0.1', role: 'source', slot: 3 });
  assert.deepEqual([found.kind, found.id, found.name], ['vm', 'tap:vnet3', 'vnet3']);
});

test('names of segments are unique, and foreign namespaces say so', () => {
  const twice = buildTopology(
    input({
      segments: [
        { segment: 1, netns: '', link: 'default', ifindex: 70, vlan: 0 },
        { segment: 2, netns: '', link: 'virbr0', ifindex: 11, vlan: 0 },
        { segment: 3, netns: 'blue', link: 'br0', ifindex: 5, vlan: 0 },
      ],
    }),
  );
  assert.deepEqual(
    [...twice.segments.values()].map((view) => view.name),
    ['default', 'default#2', 'blue/br0'],
  );
});

test('the wiring: ports, uplinks, both ends of a veth once', () => {
  const veth = { netns: '', kind: 'veth', mac: '', mtu: 1500, up: true, master: 0, id: 0, addresses: [] };
  const links = [
    ...input().links,
    { ...veth, ifindex: 200, name: 'a', lower: 201 },
    { ...veth, ifindex: 201, name: 'b', lower: 200 },
  ];
  const { wiring, segments } = buildTopology(input({ links }));
  assert.deepEqual(
    wiring.edges.filter((edge) => edge.kind === 'peer'),
    [{ from: '/200', to: '/201', kind: 'peer' }],
  );
  assert.deepEqual(segments.get(LAN)?.uplinks, ['eth0']);
  assert.equal(wiring.nodes.find((node) => node.link === 'vnet3')?.slot, 3);
});
