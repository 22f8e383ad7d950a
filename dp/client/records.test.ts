import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FlowFields, flowBatch, mapped } from '../../test/wire/flow-batch.ts';
import { decodeAddresses } from './address-record.ts';
import { DataplaneError } from './dataplane-error.ts';
import { FlowBatch, flowCount } from './flow-batch.ts';
import type { FlowRecord } from './flow-record.ts';
import {
  ADDRESS_RECORD_BYTES,
  FLOW_BATCH_HEADER_BYTES,
  NAME_RECORD_BYTES,
  nameRecord,
  THREAT_RECORD_BYTES,
  threatRecord,
} from './layout.ts';
import { decodeNames } from './name-record.ts';
import { decodeThreats } from './threat-record.ts';

const isProtocolError = (error: unknown): boolean =>
  error instanceof DataplaneError && error.code === 'dp_protocol';
const decoded = (fields: FlowFields): FlowRecord => new FlowBatch(flowBatch([fields])).at(0);

test('every field of a flow record', () => {
  const record = decoded({
    u64: {
      id: 0xffff_ffff_ffff_ffffn,
      parent: 7n,
      first_ns: 1_700_000_000_123_456_789n,
      last_ns: 1_700_000_001_000_000_000n,
      anomalies: (1n << 63n) | (1n << 32n) | 1n,
      threats: 1n << 31n,
    },
    pairs: { packets: [3n, 1n << 40n], bytes: [5n, 6n], delta_packets: [1n, 2n], delta_bytes: [9n, 10n] },
    bytes: {
      src: mapped(10, 0, 0, 1),
      dst: mapped(255, 254, 0, 9),
      src_mac: Buffer.from('525400aabbcc', 'hex'),
      dst_mac: Buffer.from('0000000000ff', 'hex'),
    },
    u16: { sport: 40_000, dport: 5432, src_slot: 2047, dst_slot: 1 },
    u16s: { tags: [100, 4094], layers: [3, 5] },
    u32: { segment: 4_000_000_000, rule: 12 },
    tunnel: [
      { kind: 1, id: 100 },
      { kind: 10, id: 4_294_967_295 },
    ],
    u8: {
      proto: 6,
      family: 4,
      confidence: 2,
      direction: 1,
      end: 2,
      verdict: 1,
      enforced: 2,
      decided_by: 3,
      flags: 3,
    },
    facts: [
      [1, Buffer.from('example.org')],
      [2, Buffer.alloc(0)],
      [3, Buffer.alloc(300, 0x61)],
    ],
  });
  assert.equal(record.id, '18446744073709551615');
  assert.equal(record.parent, '7');
  assert.equal(record.firstNs, 1_700_000_000_123_456_789n);
  assert.ok(Math.abs(record.firstMs - 1_700_000_000_123.4568) < 0.001);
  assert.equal(record.lastMs, 1_700_000_001_000);
  assert.deepEqual(record.packets, [3, 2 ** 40]);
  assert.deepEqual(record.bytes, [5, 6]);
  assert.deepEqual(record.deltaPackets, [1, 2]);
  assert.deepEqual(record.deltaBytes, [9, 10]);
  assert.deepEqual(record.anomalies, [0, 32, 63]);
  assert.deepEqual(record.threats, [31]);
  assert.deepEqual([record.src, record.sport], ['10.0.0.1', 40_000]);
  assert.deepEqual([record.dst, record.dport], ['255.254.0.9', 5432]);
  assert.deepEqual([record.srcMac, record.dstMac], ['52:54:00:aa:bb:cc', '00:00:00:00:00:ff']);
  assert.deepEqual([record.srcSlot, record.dstSlot], [2047, 1]);
  assert.deepEqual(record.vlan, [100, 4094]);
  assert.deepEqual(record.layers, [3, 5]);
  assert.deepEqual([record.segment, record.rule], [4_000_000_000, 12]);
  assert.deepEqual(record.tunnel, [
    { kind: 'vxlan', id: 100 },
    { kind: 'mpls', id: 4_294_967_295 },
  ]);
  assert.deepEqual([record.proto, record.family], [6, 4]);
  assert.deepEqual([record.confidence, record.direction, record.end], ['sure', 'seen', 'rst']);
  assert.deepEqual([record.verdict, record.enforced, record.decidedBy], ['allow', 'reset', 'failPolicy']);
  assert.deepEqual([record.pickedUp, record.violation], [true, true]);
  assert.deepEqual(
    record.facts.map(({ key, value }) => [key, Buffer.from(value).toString()]),
    [
      [1, 'example.org'],
      [2, ''],
      [3, 'a'.repeat(300)],
    ],
  );
});

test('an empty record says nothing it does not know', () => {
  const record = decoded({});
  assert.equal(record.parent, null);
  assert.deepEqual([record.layers, record.tunnel, record.vlan, record.facts], [[], [], [], []]);
  assert.deepEqual(
    [record.confidence, record.verdict, record.end, record.decidedBy],
    [null, null, null, null],
  );
  assert.equal(record.src, '00:00:00:00:00:00');
});

test('values that no enum knows, and facts that overrun, do no harm', () => {
  const record = decoded({
    u8: { confidence: 200, direction: 200, end: 200, verdict: 200, enforced: 200, decided_by: 200 },
    tunnel: [{ kind: 99, id: 1 }],
    u32: {},
  });
  assert.deepEqual([record.confidence, record.direction, record.end], [null, 'inferred', null]);
  assert.deepEqual(record.tunnel, []);
  const body = flowBatch([{ facts: [[1, Buffer.from('abc')]] }]);
  body.writeUInt16LE(60_000, body.length - 5);
  assert.deepEqual(new FlowBatch(body).at(0).facts, []);
  body.writeUInt32LE(0xffff_ffff, FLOW_BATCH_HEADER_BYTES + 184);
  assert.deepEqual(new FlowBatch(body).at(0).facts, []);
});

test('addresses are written as RFC 5952 says', () => {
  const written = (hex: string): string =>
    decoded({ bytes: { src: Buffer.from(hex, 'hex') }, u8: { family: 6 } }).src;
  assert.equal(written('20010db8000000000000000000000001'), '2001:db8::1');
  assert.equal(written('00000000000000000000000000000000'), '::');
  assert.equal(written('00000000000000000000000000000001'), '::1');
  assert.equal(written('20010db8000000010001000100010001'), '2001:db8:0:1:1:1:1:1');
  assert.equal(written('20010000000000010000000000000001'), '2001:0:0:1::1');
  assert.equal(written('20010db8000000000001000000000001'), '2001:db8::1:0:0:1');
  assert.equal(written('fe800000000000000000000000000000'), 'fe80::');
});

test('a batch whose lengths disagree is refused', () => {
  const body = flowBatch([{}, {}]);
  assert.equal(new FlowBatch(body).count, 2);
  assert.equal([...new FlowBatch(body)].length, 2);
  assert.equal(flowCount(body), 2);
  assert.throws(() => new FlowBatch(body).at(2), RangeError);
  for (const wrong of [body.subarray(0, 15), body.subarray(0, -1), Buffer.concat([body, Buffer.alloc(1)])])
    assert.throws(() => new FlowBatch(wrong), isProtocolError);
  body.writeUInt32LE(239, 0);
  assert.throws(() => new FlowBatch(body), isProtocolError);
});

test('address records', () => {
  const body = Buffer.alloc(2 * ADDRESS_RECORD_BYTES);
  body.set(mapped(10, 0, 0, 9));
  body.set(Buffer.from('525400000001', 'hex'), 16);
  body.writeUInt16LE(4, 22);
  body.writeUInt32LE(77, 24);
  body.writeUInt8(3, 28);
  body.writeBigInt64LE(1_700_000_000_500_000_000n, 32);
  body.writeUInt8(1, ADDRESS_RECORD_BYTES + 29);
  const [first, second] = decodeAddresses(body);
  assert.deepEqual(first, {
    address: '10.0.0.9',
    mac: '52:54:00:00:00:01',
    slot: 4,
    segment: 77,
    source: 'dhcp',
    gone: false,
    seenMs: 1_700_000_000_500,
  });
  assert.deepEqual([second?.address, second?.gone], ['::', true]);
  assert.throws(() => decodeAddresses(body.subarray(1)), isProtocolError);
});

test('threat records', () => {
  const body = Buffer.alloc(2 * THREAT_RECORD_BYTES);
  body.writeBigUInt64LE(9_007_199_254_740_993n, threatRecord.id);
  body.writeBigUInt64LE(5n, threatRecord.flow);
  body.writeBigInt64LE(1_700_000_000_500_000_000n, threatRecord.first_ns);
  body.writeBigInt64LE(1_700_000_001_500_000_000n, threatRecord.last_ns);
  body.writeBigUInt64LE(12n, threatRecord.count);
  body.set(mapped(10, 0, 0, 9), threatRecord.src);
  body.set(mapped(10, 0, 0, 2), threatRecord.dst);
  body.writeUInt32LE(77, threatRecord.segment);
  body.writeUInt16LE(4, threatRecord.slot);
  body.writeUInt16LE(40_000, threatRecord.sport);
  body.writeUInt16LE(22, threatRecord.dport);
  body.writeUInt8(6, threatRecord.proto);
  body.writeUInt8(4, threatRecord.family);
  body.writeUInt8(3, threatRecord.threat);
  body.writeUInt8(1, threatRecord.from_nic);
  body.writeUInt8(5, threatRecord.evidence_length);
  body.write('a\u001bb\u00e9c', threatRecord.evidence);
  const [first, second] = decodeThreats(body);
  assert.deepEqual(first, {
    id: '9007199254740993',
    flow: '5',
    firstMs: 1_700_000_000_500,
    lastMs: 1_700_000_001_500,
    count: 12,
    src: '10.0.0.9',
    dst: '10.0.0.2',
    sport: 40_000,
    dport: 22,
    proto: 6,
    segment: 77,
    slot: 4,
    threat: 3,
    fromNic: true,
    evidence: 'a\u001bb\u00e9',
  });
  assert.deepEqual([second?.flow, second?.src, second?.fromNic, second?.evidence], [null, null, false, '']);
  assert.throws(() => decodeThreats(body.subarray(1)), isProtocolError);
});

test('name records', () => {
  const body = Buffer.alloc(2 * NAME_RECORD_BYTES);
  body.set(mapped(192, 0, 2, 1), nameRecord.address);
  body.set(mapped(10, 0, 0, 53), nameRecord.server);
  body.writeBigInt64LE(1_700_000_000_500_000_000n, nameRecord.seen_ns);
  body.writeBigInt64LE(1_700_000_090_500_000_000n, nameRecord.until_ns);
  body.writeUInt32LE(77, nameRecord.segment);
  body.writeUInt32LE(60, nameRecord.ttl_s);
  body.writeUInt16LE(4, nameRecord.slot);
  body.writeUInt8(15, nameRecord.name_length);
  body.write('www.example.orgmore', nameRecord.name);
  body.writeUInt8(1, NAME_RECORD_BYTES + nameRecord.gone);
  const [first, second] = decodeNames(body);
  assert.deepEqual(first, {
    name: 'www.example.org',
    address: '192.0.2.1',
    server: '10.0.0.53',
    slot: 4,
    segment: 77,
    ttl: 60,
    seenMs: 1_700_000_000_500,
    untilMs: 1_700_000_090_500,
    gone: false,
  });
  assert.deepEqual([second?.name, second?.gone], ['', true]);
  assert.throws(() => decodeNames(body.subarray(1)), isProtocolError);
});
