import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { AddressConflict } from '../../topology/types.ts';
import { EventRecord, type Nic, type Threat } from '../api/schema.ts';
import { ManualClock } from '../base/clock.ts';
import { ConflictNews } from './conflict-news.ts';
import { ConnectionNews } from './connection-news.ts';
import { emitter } from './events.ts';
import { LossNews } from './loss-news.ts';
import { NicNews } from './nic-news.ts';
import { PanicNews } from './panic-news.ts';
import { eventReference } from './reference.ts';
import { ThreatNews } from './threat-news.ts';

const T0 = Date.parse('2026-11-20T12:00:00Z');
const SECOND = 1000;

function setUp() {
  const clock = new ManualClock(T0);
  const told: EventRecord[] = [];
  const emit = emitter(clock, (event) => told.push(EventRecord.parse(event)));
  return { clock, told, emit, kinds: () => told.map(({ kind }) => kind) };
}

test('panic is told when it begins, is prolonged and ends, and once', () => {
  const { told, emit } = setUp();
  const news = new PanicNews(emit);
  const at = (ms: number) => ({ until: new Date(T0 + ms).toISOString() });
  for (const panic of [null, at(60_000), at(60_003), at(59_998), at(600_000), null, null]) news.take(panic);
  assert.deepEqual(
    told.map(({ kind, severity, text }) => [kind, severity, /until (\S+)$/.exec(text)?.[1]]),
    [
      ['panic-began', 'high', '2026-11-20T12:01:00.000Z'],
      ['panic-began', 'high', '2026-11-20T12:10:00.000Z'],
      ['panic-ended', 'info', undefined],
    ],
  );
});

const nic = (id: string, change: Partial<Nic> = {}): Nic => ({
  id,
  workload: `uuid-${id}`,
  workloadName: id,
  mac: '52:54:00:00:00:01',
  tap: `vnet-${id}`,
  source: 'network',
  network: 'default',
  portGroup: null,
  vlans: [],
  model: 'virtio',
  linkUp: true,
  bandwidth: false,
  addresses: [],
  segment: 'br0',
  hook: 'tcx',
  reason: '',
  packets: [0, 0],
  bytes: [0, 0],
  lost: 0,
  protection: null,
  ...change,
});

test('NICs: what was there is no news, what comes, goes or cannot be tapped is, once it stays so', () => {
  const { told, emit, kinds } = setUp();
  const news = new NicNews(emit);
  let at = T0;
  const watch = (nics: Nic[], seconds: number): void => {
    for (const end = at + seconds * SECOND; at < end; at += SECOND) news.take(nics, at);
  };
  const bad = nic('b', { hook: 'none', reason: 'hostdev' });
  watch([nic('a'), bad], 12);
  assert.deepEqual([kinds(), told[0]?.text], [['nic-untappable'], 'NIC of b, vnet-b is not tapped: hostdev']);
  watch([nic('a'), bad, nic('c')], 2);
  watch([nic('a'), bad], 5);
  assert.equal(told.length, 1, 'a NIC that is there for a moment only');
  watch([nic('a'), nic('b'), nic('c')], 5);
  watch([nic('b'), nic('c')], 5);
  assert.deepEqual(kinds().slice(1), ['nic-appeared', 'nic-appeared', 'nic-gone']);
  assert.deepEqual(told.at(-1)?.subjects, [
    { kind: 'vm', id: 'uuid-a', name: 'a' },
    { kind: 'nic', id: 'a', name: 'vnet-a' },
  ]);
});

const threat = (id: string, change: Partial<Threat> = {}): Threat => ({
  id,
  name: 'scan',
  severity: 'medium',
  action: 'alert',
  first: new Date(T0).toISOString(),
  last: new Date(T0).toISOString(),
  count: 1,
  segment: 'net',
  proto: 'tcp',
  src: '10.0.0.1',
  sport: 40_000,
  dst: '10.0.0.2',
  dport: 22,
  from: { kind: 'vm', id: 'uuid-web', name: 'web', why: 'a test' },
  nic: 'vnet1',
  sender: 'guest',
  source: 'uuid-web',
  flow: null,
  evidence: 'ports 1-20',
  acknowledged: null,
  ...change,
});

test('incidents: one event a minute for what repeats, the next says how many had none', () => {
  const { told, emit } = setUp();
  const news = new ThreatNews(emit);
  for (const id of ['1', '2', '3']) news.take(threat(id), T0);
  news.take(threat('4', { name: 'land', severity: 'critical' }), T0);
  news.take(threat('5'), T0 + 61 * SECOND);
  assert.deepEqual(
    told.map(({ severity, text, data }) => [severity, text, data.before]),
    [
      ['medium', 'scan from web (10.0.0.1) to 10.0.0.2: ports 1-20', 0],
      ['critical', 'land from web (10.0.0.1) to 10.0.0.2: ports 1-20', 0],
      ['medium', 'scan from web (10.0.0.1) to 10.0.0.2: ports 1-20', 2],
    ],
  );
});

test('incidents of many sources: a bounded number of each severity, the rest counted', () => {
  const { told, emit } = setUp();
  const news = new ThreatNews(emit);
  for (let n = 0; n < 100; n++) news.take(threat(`${n}`, { source: `${n}` }), T0);
  news.take(threat('c', { severity: 'critical' }), T0);
  assert.equal(told.length, 61, 'the critical one is not drowned');
  news.minute();
  news.minute();
  assert.deepEqual(
    told.slice(61).map(({ kind, severity, data }) => [kind, severity, data.count]),
    [['threats-left-out', 'medium', 40]],
  );
  news.take(threat('later', { source: 'later' }), T0);
  assert.equal(told.length, 63);
});

test('losses: what was gained since, also when a counter began anew', () => {
  const { told, emit } = setUp();
  const news = new LossNews(emit);
  news.take({ ring: 5, quota: 0 });
  news.take({ ring: 5, quota: 0 });
  news.take({ ring: 7, quota: 0, late: 1 });
  news.take({ ring: 3, quota: 0, late: 1 });
  assert.deepEqual(
    told.map(({ data }) => data),
    [{ ring: 2, late: 1 }, { ring: 3 }],
  );
});

test('connections: told when they change', () => {
  const { emit, kinds } = setUp();
  const news = new ConnectionNews({
    emit,
    name: 'libvirt',
    connected: 'libvirt-connected',
    lost: 'libvirt-lost',
  });
  for (const connected of [false, false, true, true, false]) news.take(connected, 'why');
  assert.deepEqual(kinds(), ['libvirt-lost', 'libvirt-connected', 'libvirt-lost']);
});

test('address conflicts: an event a minute, however many there are', () => {
  const { told, emit } = setUp();
  const news = new ConflictNews(emit, (segment) => `net-${segment}`);
  const claim = (mac: string) => ({ slot: 1, mac, source: 'arp' as const, seenMs: T0 });
  const conflict: AddressConflict = {
    segment: 3,
    address: '10.0.0.9',
    owner: claim('52:54:00:00:00:01'),
    claimant: claim('52:54:00:00:00:02'),
    moved: false,
  };
  for (let second = 0; second < 90; second++) {
    news.take([conflict, conflict]);
    news.tell(T0 + second * SECOND);
  }
  assert.deepEqual(
    told.map(({ data }) => [data.segment, data.count]),
    [
      ['net-3', 2],
      ['net-3', 120],
    ],
  );
});

test('docs/events.md has every kind', () => {
  const page = new URL('../../docs/events.md', import.meta.url);
  assert.ok(readFileSync(page, 'utf8').includes(eventReference()), eventReference());
});
