// Flow records as vmoat-dp sends them, for tests of hostd: the fields that matter there, the rest as of a usual flow.
import { FlowBatch } from '../../dp/client/index.ts';
import type { Registry } from '../../dp/contract/protocol.ts';
import { type FlowFields, flowBatch, mapped } from '../wire/flow-batch.ts';

export const registry: Registry = {
  applications: ['', 'http', 'tls', 'https', 'postgresql', 'dns'],
  facts: ['', 'http.host', 'tls.sni'],
  anomalies: ['bad-checksum'],
  threats: ['scan'],
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
}

export const T0 = Date.parse('2026-11-20T12:00:00Z');
const SURE = 2;
const SEEN = 1;
const TCP = 6;
const IPV4 = 4;
const VIOLATION = 2;

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
      delta_packets: pair(packets),
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
    u32: { segment: flow.segment ?? 1 },
    u8: {
      proto: flow.proto ?? TCP,
      family: IPV4,
      confidence: flow.layers?.length ? SURE : 0,
      direction: SEEN,
      end: flow.end ?? 0,
      verdict: flow.violation ? 1 : 0,
      flags: flow.violation ? VIOLATION : 0,
    },
    facts: flow.facts ?? [],
  };
}
