// Flow records as vmoat-dp sends them, for tests of hostd: the fields that matter there, the rest as of a usual flow.
import { FlowBatch } from '../../dp/client/index.ts';
import { NAME_RECORD_BYTES, nameRecord, THREAT_RECORD_BYTES, threatRecord } from '../../dp/client/layout.ts';
import type { Registry, ThreatInfo } from '../../dp/contract/protocol.ts';
import { type FlowFields, flowBatch, mapped } from '../wire/flow-batch.ts';

export const registry: Registry = {
  applications: ['', 'http', 'tls', 'https', 'postgresql', 'dns'],
  facts: ['', 'http.host', 'tls.sni'],
  anomalies: ['bad-checksum'],
  threats: ['scan', 'land', 'ssh-v1'],
};

export interface RecordFields {
  id: number;
  parent?: number;
  src?: [number, number, number, number];
  dst?: [number, number, number, number];
  sport?: number;
  dport?: number;
  proto?: number;
  /** Indices into registry.applications. */
  layers?: number[];
  packets?: [number, number];
  bytes?: [number, number];
  deltaPackets?: [number, number];
  deltaBytes?: [number, number];
  firstMs?: number;
  lastMs?: number;
  /** Index into FLOW_ENDS. */
  end?: number;
  srcSlot?: number;
  dstSlot?: number;
  segment?: number;
  facts?: [key: number, value: Uint8Array][];
  violation?: boolean;
  /** Number of the rule that decides. */
  rule?: number;
  /** Denied by the modes, and so enforced. */
  denied?: 'dropped' | 'reset';
}

export const T0 = Date.parse('2026-11-20T12:00:00Z');
const SURE = 2;
const SEEN = 1;
const TCP = 6;
const IPV4 = 4;
const VIOLATION = 2;
const [ALLOW, DENY] = [1, 2];
const ENFORCED = ['passed', 'dropped', 'reset'];
const BY_MODE = 2;

const pair = ([a, b]: [number, number]): [bigint, bigint] => [BigInt(a), BigInt(b)];
const nanoseconds = (ms: number): bigint => BigInt(ms) * 1_000_000n;

export const records = (...flows: RecordFields[]): FlowBatch => new FlowBatch(recordBytes(...flows));
export const recordBytes = (...flows: RecordFields[]): Buffer => flowBatch(flows.map(fields));

function fields(flow: RecordFields): FlowFields {
  const bytes = flow.bytes ?? [1000, 2000];
  const packets = flow.packets ?? [10, 20];
  return {
    u64: {
      id: BigInt(flow.id),
      parent: BigInt(flow.parent ?? 0),
      first_ns: nanoseconds(flow.firstMs ?? T0),
      last_ns: nanoseconds(flow.lastMs ?? flow.firstMs ?? T0),
    },
    pairs: {
      packets: pair(packets),
      bytes: pair(bytes),
      delta_packets: pair(flow.deltaPackets ?? packets),
      delta_bytes: pair(flow.deltaBytes ?? bytes),
    },
    bytes: {
      src: mapped(...(flow.src ?? [10, 0, 0, 1])),
      dst: mapped(...(flow.dst ?? [10, 0, 0, 2])),
    },
    u16: {
      sport: flow.sport ?? 40_000,
      dport: flow.dport ?? 80,
      src_slot: flow.srcSlot ?? 0,
      dst_slot: flow.dstSlot ?? 0,
    },
    u16s: { layers: flow.layers ?? [] },
    u32: { segment: flow.segment ?? 1, rule: flow.rule ?? 0 },
    u8: {
      proto: flow.proto ?? TCP,
      family: IPV4,
      confidence: flow.layers?.length ? SURE : 0,
      direction: SEEN,
      end: flow.end ?? 0,
      verdict: flow.denied ? DENY : flow.violation ? ALLOW : 0,
      enforced: ENFORCED.indexOf(flow.denied ?? 'passed'),
      decided_by: flow.denied ? BY_MODE : 0,
      flags: flow.violation || flow.denied ? VIOLATION : 0,
    },
    facts: flow.facts ?? [],
  };
}

/** In the order of registry.threats. */
export const threatKinds: ThreatInfo[] = (
  [
    ['scan', 'medium', 'alert', 'one asks many ports'],
    ['land', 'critical', 'deny', 'a packet that says it comes from its own target'],
    ['ssh-v1', 'high', 'alert', 'a version of SSH whose encryption is broken'],
  ] as const
).map(([name, severity, action, means]) => ({
  name,
  severity,
  action,
  means,
  evidence: 'the first bytes',
  live: 'every one',
  offline: 'the same',
  thresholds: [{ name: 'ports', unit: 'ports', standard: 20, least: 2, most: 1000, means: 'how many' }],
}));

export interface ThreatFields {
  id: number;
  /** Index into registry.threats. */
  threat?: number;
  flow?: number;
  count?: number;
  firstMs?: number;
  lastMs?: number;
  /** Null: not IP. */
  src?: [number, number, number, number] | null;
  dst?: [number, number, number, number] | null;
  sport?: number;
  dport?: number;
  proto?: number;
  slot?: number;
  fromNic?: boolean;
  segment?: number;
  evidence?: string | Uint8Array;
}

/** A `threats` body. */
export const threatBytes = (...threats: ThreatFields[]): Buffer => Buffer.concat(threats.map(threatBody));

function threatBody(threat: ThreatFields): Buffer {
  const record = Buffer.alloc(THREAT_RECORD_BYTES);
  const { src = [10, 0, 0, 1], dst = [10, 0, 0, 2], firstMs = T0 } = threat;
  const evidence = Buffer.from(threat.evidence ?? 'ports 1-20').subarray(0, 255);
  record.writeBigUInt64LE(BigInt(threat.id), threatRecord.id);
  record.writeBigUInt64LE(BigInt(threat.flow ?? 0), threatRecord.flow);
  record.writeBigInt64LE(nanoseconds(firstMs), threatRecord.first_ns);
  record.writeBigInt64LE(nanoseconds(threat.lastMs ?? firstMs), threatRecord.last_ns);
  record.writeBigUInt64LE(BigInt(threat.count ?? 1), threatRecord.count);
  if (src) record.set(mapped(...src), threatRecord.src);
  if (dst) record.set(mapped(...dst), threatRecord.dst);
  record.writeUInt32LE(threat.segment ?? 1, threatRecord.segment);
  record.writeUInt16LE(threat.slot ?? 1, threatRecord.slot);
  record.writeUInt16LE(threat.sport ?? 40_000, threatRecord.sport);
  record.writeUInt16LE(threat.dport ?? 22, threatRecord.dport);
  record.writeUInt8(threat.proto ?? TCP, threatRecord.proto);
  record.writeUInt8(src ? IPV4 : 0, threatRecord.family);
  record.writeUInt8(threat.threat ?? 0, threatRecord.threat);
  record.writeUInt8((threat.fromNic ?? true) ? 1 : 0, threatRecord.from_nic);
  record.writeUInt8(evidence.length, threatRecord.evidence_length);
  record.set(evidence, threatRecord.evidence);
  return record;
}

export interface NameFields {
  name: string;
  address?: [number, number, number, number];
  slot?: number;
  ttl?: number;
  seenMs?: number;
  untilMs?: number;
  gone?: boolean;
}

/** A `names` body; the server is 10.0.0.254. */
export const nameBytes = (...names: NameFields[]): Buffer => Buffer.concat(names.map(nameBody));

function nameBody(fields: NameFields): Buffer {
  const record = Buffer.alloc(NAME_RECORD_BYTES);
  const { name, address = [192, 0, 2, 1], slot = 1, ttl = 300, seenMs = T0, gone = false } = fields;
  record.set(mapped(...address), nameRecord.address);
  record.set(mapped(10, 0, 0, 254), nameRecord.server);
  record.writeBigInt64LE(nanoseconds(seenMs), nameRecord.seen_ns);
  record.writeBigInt64LE(nanoseconds(fields.untilMs ?? seenMs + 330_000), nameRecord.until_ns);
  record.writeUInt32LE(1, nameRecord.segment);
  record.writeUInt32LE(ttl, nameRecord.ttl_s);
  record.writeUInt16LE(slot, nameRecord.slot);
  record.writeUInt8(gone ? 1 : 0, nameRecord.gone);
  record.writeUInt8(name.length, nameRecord.name_length);
  record.write(name, nameRecord.name);
  return record;
}
