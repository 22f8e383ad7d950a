// The law of reconcile: applied to the old snapshot, its changes give the new one; and it says nothing twice.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { random } from './fuzz.ts';
import { applyChanges, EMPTY, reconcile } from './reconcile.ts';
import type { Change, Network, Nic, Snapshot, Workload } from './types.ts';

const SEED = 42;

function nicOf(uuid: string, number: number, next: () => number): Nic {
  const mac = `52:54:00:00:00:0${number}`;
  return {
    id: `${uuid}/${mac}`,
    mac,
    tap: next() < 0.3 ? null : `vnet${Math.floor(next() * 3)}`,
    source: 'network',
    type: 'network',
    network: next() < 0.5 ? 'a' : 'b',
    portGroup: null,
    bridge: null,
    device: null,
    directMode: null,
    vlans: next() < 0.7 ? [] : [1, 2],
    model: 'virtio',
    linkUp: next() < 0.8,
    bandwidth: next() < 0.8 ? null : { inbound: { average: 1, peak: null, burst: null }, outbound: null },
    filter: null,
    addresses: [],
    untappable: null,
  };
}

function workloadOf(uuid: string, next: () => number): Workload {
  const count = Math.floor(next() * 4);
  return {
    uuid,
    name: `n${Math.floor(next() * 3)}`,
    title: null,
    state: next() < 0.5 ? 'running' : 'shutoff',
    os: null,
    tags: next() < 0.5 ? [] : ['t'],
    persistent: next() < 0.9,
    unreadable: null,
    nics: Array.from({ length: count }, (_, i) => nicOf(uuid, i, next)),
  };
}

function networkOf(uuid: string, next: () => number): Network {
  const lists = { devices: [], vlans: [], addresses: [], portGroups: [], leases: [] };
  const facts = { uuid, name: `net-${uuid}`, bridge: null, forward: 'nat', ovs: false, persistent: true };
  return { ...facts, ...lists, active: next() < 0.5, unreadable: null };
}

function snapshotOf(next: () => number): Snapshot {
  const some = (prefix: string) =>
    ['1', '2', '3', '4'].filter(() => next() < 0.6).map((each) => prefix + each);
  return {
    workloads: new Map(some('w').map((uuid) => [uuid, workloadOf(uuid, next)])),
    networks: new Map(some('n').map((uuid) => [uuid, networkOf(uuid, next)])),
  };
}

/** Order of NICs is no part of the law. */
function plain(snapshot: Snapshot) {
  const byId = (a: { id: string }, b: { id: string }) => a.id.localeCompare(b.id);
  const workloads = [...snapshot.workloads].map(([uuid, each]) => [
    uuid,
    { ...each, nics: [...each.nics].sort(byId) },
  ]);
  return { workloads: Object.fromEntries(workloads), networks: Object.fromEntries(snapshot.networks) };
}

test(`1000 random steps: changes applied to the old snapshot give the new one (seed ${SEED})`, () => {
  const next = random(SEED);
  let before = EMPTY;
  for (let step = 0; step < 1000; step++) {
    const after = snapshotOf(next);
    const changes = reconcile(before, after);
    assert.deepEqual(plain(applyChanges(before, changes)), plain(after));
    assert.deepEqual(reconcile(after, after), []);
    assert.deepEqual(reconcile(after, structuredClone(after)), []);
    assertOrder(before, changes);
    before = after;
  }
});

/** Each change refers to what exists at that point, and names only fields that differ. */
function assertOrder(before: Snapshot, changes: Change[]): void {
  let snapshot = before;
  for (const change of changes) {
    const uuid =
      'network' in change ? change.network.uuid : 'nic' in change ? change.workload : change.workload.uuid;
    const known = 'network' in change ? snapshot.networks.has(uuid) : snapshot.workloads.has(uuid);
    assert.equal(known, !change.kind.endsWith('appeared'), change.kind);
    if ('fields' in change) assert.ok(change.fields.length > 0);
    if ('nic' in change) {
      const has = snapshot.workloads.get(uuid)?.nics.some((nic) => nic.id === change.nic.id);
      assert.equal(has, change.kind !== 'nic-added');
    }
    if (change.kind === 'workload-gone') assert.equal(snapshot.workloads.get(uuid)?.nics.length, 0);
    snapshot = applyChanges(snapshot, [change]);
  }
}

test('ends come before beginnings, so that a tap is free before it is taken', () => {
  const next = random(1);
  const one = { ...workloadOf('w1', next), nics: [{ ...nicOf('w1', 0, next), tap: 'vnet0' }] };
  const two = { ...workloadOf('w2', next), nics: [{ ...nicOf('w2', 0, next), tap: 'vnet0' }] };
  const before = { workloads: new Map([['w2', two]]), networks: new Map() };
  const after = { workloads: new Map([['w1', one]]), networks: new Map() };
  const kinds = reconcile(before, after).map((change) => change.kind);
  assert.deepEqual(kinds, ['nic-removed', 'workload-gone', 'workload-appeared', 'nic-added']);
});

test('a change names its fields and keeps the value before', () => {
  const next = random(2);
  const before = workloadOf('w1', next);
  const after = { ...before, name: 'renamed' };
  const [change] = reconcile(
    { workloads: new Map([['w1', before]]), networks: new Map() },
    { workloads: new Map([['w1', after]]), networks: new Map() },
  );
  assert.ok(change?.kind === 'workload-changed');
  assert.deepEqual(change.fields, ['name']);
  assert.equal(change.before.name, before.name);
});
