// Ownership of addresses: trust, conflicts, expiry, bounds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AddressBook } from './address-book.ts';
import { host, input, learned, macOf, NAT, RED } from './fixture.ts';
import { buildTopology } from './model.ts';

test('an equal claim raises one conflict and moves nothing', () => {
  const { book } = host();
  const [conflict, ...more] = book.learn([learned(4, '10.0.0.1'), learned(4, '10.0.0.1')]);
  assert.deepEqual(conflict, {
    segment: RED,
    address: '10.0.0.1',
    owner: { slot: 3, mac: macOf(3), source: 'arp', seenMs: 1000 },
    claimant: { slot: 4, mac: macOf(4), source: 'arp', seenMs: 1000 },
    moved: false,
  });
  assert.deepEqual(more, []);
  assert.deepEqual(book.learn([learned(4, '10.0.0.1'), learned(4, '10.0.0.1', 'traffic')]), []);
  assert.equal(book.owner(RED, '10.0.0.1')?.slot, 3);
});

test('a lease that only passed by takes no address from an owner', () => {
  const { book } = host();
  const [conflict] = book.learn([learned(4, '10.0.0.1', 'dhcp')]);
  assert.equal(conflict?.moved, false);
  assert.equal(book.owner(RED, '10.0.0.1')?.slot, 3);
});

test('a lease that was seen elsewhere belongs to the NIC with its MAC, and is no conflict with its traffic', () => {
  const { book } = host();
  book.learn([learned(3, '10.0.0.9', 'traffic')]);
  const seen = learned(3, '10.0.0.9', 'dhcp', { slot: 0 });
  assert.deepEqual(book.learn([seen]), []);
  assert.equal(book.owner(RED, '10.0.0.9')?.slot, 3);
  const other = learned(3, '10.0.0.8', 'dhcp', { slot: 0, mac: '02:00:00:00:00:01' });
  book.learn([other]);
  assert.equal(book.owner(RED, '10.0.0.8')?.slot, 0);
});

test('a lease that was seen before its NIC becomes the NIC’s own; an ARP seen elsewhere never does', () => {
  const book = new AddressBook();
  const elsewhere = { slot: 0 };
  book.learn([learned(3, '10.0.0.9', 'dhcp', elsewhere), learned(3, '10.0.0.8', 'arp', elsewhere)]);
  book.learn([learned(3, '10.0.0.9', 'traffic')]);
  book.sync(buildTopology(input()));
  assert.deepEqual(book.addressesOf(RED, 3), [{ address: '10.0.0.9', source: 'dhcp' }]);
  assert.equal(book.owner(RED, '10.0.0.8')?.slot, 0);
  book.learn([learned(3, '10.0.0.7', 'arp', elsewhere)]);
  assert.equal(book.owner(RED, '10.0.0.7')?.slot, 0);
  assert.deepEqual(book.learn([learned(3, '10.0.0.9', 'arp')]), []);
});

test('what a NIC’s MAC said before its tap was watched is no conflict with what the NIC says itself', () => {
  const { book } = host();
  book.learn([learned(3, '10.0.0.9', 'arp', { slot: 0 })]);
  assert.deepEqual(book.learn([learned(3, '10.0.0.9', 'arp')]), []);
  assert.deepEqual([book.owner(RED, '10.0.0.9')?.slot, book.addressesOf(RED, 3).length], [3, 2]);
  const other = { slot: 0, mac: '02:00:00:00:00:01' };
  book.learn([learned(3, '10.0.0.8', 'arp', other)]);
  const [conflict] = book.learn([learned(3, '10.0.0.8', 'arp', { mac: other.mac })]);
  assert.equal(conflict?.moved, false, 'another end’s MAC behind the NIC takes nothing');
});

test('… also where both were heard before the NIC was known', () => {
  const book = new AddressBook();
  book.learn([learned(3, '10.0.0.9', 'arp', { slot: 0 }), learned(3, '10.0.0.9', 'arp')]);
  book.sync(buildTopology(input()));
  assert.deepEqual(book.addressesOf(RED, 3), [{ address: '10.0.0.9', source: 'arp' }]);
});

test('what an end says of itself outranks traffic, and libvirt’s word outranks both', () => {
  const { book, topology } = host();
  assert.deepEqual(book.learn([learned(3, '10.0.0.7', 'traffic')]), []);
  const [taken] = book.learn([learned(4, '10.0.0.7', 'arp')]);
  assert.deepEqual([taken?.moved, book.owner(RED, '10.0.0.7')?.slot], [true, 4]);
  book.learn([learned(1, '192.168.122.50', 'arp')]);
  const network = [...input().networks].map((each) =>
    each.name === 'default' ? { ...each, leases: [{ mac: macOf(2), address: '192.168.122.50' }] } : each,
  );
  const [moved] = book.sync(buildTopology(input({ networks: network })));
  assert.deepEqual([moved?.moved, moved?.claimant.slot, moved?.claimant.source], [true, 2, 'dhcp']);
  book.sync(topology);
  assert.equal(book.owner(NAT, '192.168.122.50')?.slot, 1); // the lease is gone, the other claim still stands
});

test('the configured owner stays owner whatever others claim', () => {
  const { book } = host();
  for (const source of ['dhcp', 'arp', 'traffic'] as const)
    book.learn([learned(2, '192.168.122.11', source)]);
  assert.deepEqual(book.owner(NAT, '192.168.122.11')?.slot, 1);
  assert.deepEqual(book.addressesOf(NAT, 1), [{ address: '192.168.122.11', source: 'configured' }]);
});

test('when the owner goes, the best claim that waits follows', () => {
  const { book } = host();
  book.learn([learned(4, '10.0.0.1', 'traffic'), learned(7, '10.0.0.1', 'arp', { seenMs: 2000 })]);
  book.learn([learned(3, '10.0.0.1', 'arp', { gone: true })]);
  assert.equal(book.owner(RED, '10.0.0.1')?.slot, 7);
  book.learn([
    learned(7, '10.0.0.1', 'arp', { gone: true }),
    learned(4, '10.0.0.1', 'traffic', { gone: true }),
  ]);
  assert.equal(book.owner(RED, '10.0.0.1'), null);
});

test('what dp forgets does not take away what is configured', () => {
  const { book } = host();
  book.learn([learned(1, '192.168.122.11'), learned(1, '192.168.122.11', 'arp', { gone: true })]);
  assert.equal(book.owner(NAT, '192.168.122.11')?.source, 'configured');
});

test('a NIC that goes takes its addresses along, also where its slot is used again', () => {
  const { book } = host();
  const again = input().nics.map((nic) => (nic.slot === 3 ? { ...nic, ifindex: 99 } : nic));
  book.sync(buildTopology(input({ nics: again })));
  assert.equal(book.owner(RED, '10.0.0.1'), null);
  assert.equal(book.owner(RED, '10.0.0.2')?.slot, 4);
  book.sync(buildTopology(input({ nics: [] })));
  assert.equal(book.owner(RED, '10.0.0.2'), null);
  book.sync(buildTopology(input({ nics: [], segments: [] })));
  assert.equal(book.size, 0);
});

test('a NIC keeps what it said when dp starts anew, until that was not seen for too long', () => {
  const { book } = host();
  const again = input().nics.map((nic) => ({ ...nic, since: '2026-02-02T00:00:00Z' }));
  book.sync(buildTopology(input({ nics: again })));
  const seenMs = book.owner(RED, '10.0.0.1')?.seenMs ?? 0;
  assert.ok(seenMs > 0);
  book.learn([learned(1, '192.168.122.11', 'arp', { seenMs })]);
  book.learn([learned(4, '10.0.0.2', 'arp', { seenMs: seenMs + 1 })]);
  assert.equal(book.forgetUnseen(seenMs), 0);
  assert.ok(book.forgetUnseen(seenMs + 1) > 0);
  assert.equal(book.owner(RED, '10.0.0.1'), null);
  assert.equal(book.owner(RED, '10.0.0.2')?.slot, 4);
  assert.equal(book.owner(NAT, '192.168.122.11')?.source, 'configured');
  assert.equal(book.forgetUnseen(seenMs + 1), 0);
});

test('addresses may come before their segment is known', () => {
  const book = new AddressBook();
  book.sync(buildTopology(input({ segments: [], nics: [] })));
  book.learn([learned(3, '10.0.0.1')]);
  book.sync(buildTopology(input()));
  assert.equal(book.owner(RED, '10.0.0.1')?.slot, 3);
});

test('one NIC cannot fill the table, nor all of them overflow it', () => {
  const book = new AddressBook({ perSegment: 100, perOwner: 60, perAddress: 2 });
  book.sync(buildTopology(input()));
  const flood = (slot: number) =>
    Array.from({ length: 1000 }, (_, i) => learned(slot, `10.1.${i >> 8}.${i & 255}`));
  book.learn(flood(3));
  assert.equal(book.addressesOf(RED, 3).length, 60);
  book.learn(Array.from({ length: 60 }, (_, i) => learned(4, `10.2.0.${i}`)));
  assert.equal(book.addressesOf(RED, 4).length, 40);
  assert.equal(book.dropped, 960);
  const conflicts = [4, 7].flatMap((slot) => book.learn([learned(slot, '10.1.0.0')]));
  assert.equal(conflicts.length, 2);
  assert.equal(book.learn([learned(5, '10.1.0.0', 'arp', { segment: RED })]).length, 0);
});
