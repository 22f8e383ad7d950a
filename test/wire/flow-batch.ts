// Writes bulk bodies as the engine does, for tests and benchmarks of the decoder.
import {
  FLOW_BATCH_HEADER_BYTES,
  FLOW_RECORD_BYTES,
  flowBatchHeader,
  flowRecord,
  TUNNEL_LAYER_BYTES,
  tunnelLayer,
} from '../../dp/client/layout.ts';

type Field = keyof typeof flowRecord;

/** A record's fields by name: numbers as their width says, bytes as they are, pairs as two u64. */
export interface FlowFields {
  u64?: Partial<Record<Field, bigint>>;
  pairs?: Partial<Record<Field, [bigint, bigint]>>;
  u32?: Partial<Record<Field, number>>;
  u16?: Partial<Record<Field, number>>;
  u16s?: Partial<Record<Field, number[]>>;
  u8?: Partial<Record<Field, number>>;
  bytes?: Partial<Record<Field, Uint8Array>>;
  tunnel?: { kind: number; id: number }[];
  facts?: [key: number, value: Uint8Array][];
}

export function flowBatch(flows: FlowFields[]): Buffer {
  const facts: Buffer[] = [];
  let factsBytes = 0;
  const records = flows.map((flow) => {
    const run = factRun(flow.facts ?? []);
    const record = encode(flow);
    record.writeUInt32LE(factsBytes, flowRecord.facts_at);
    record.writeUInt32LE(run.length, flowRecord.facts_length);
    facts.push(run);
    factsBytes += run.length;
    return record;
  });
  const header = Buffer.alloc(FLOW_BATCH_HEADER_BYTES);
  header.writeUInt32LE(FLOW_RECORD_BYTES, flowBatchHeader.record_size);
  header.writeUInt32LE(flows.length, flowBatchHeader.count);
  header.writeUInt32LE(factsBytes, flowBatchHeader.facts_bytes);
  return Buffer.concat([header, ...records, ...facts]);
}

const entries = <Value>(fields: Partial<Record<Field, Value>> | undefined): [Field, Value][] =>
  Object.entries(fields ?? {}) as [Field, Value][];

function encode(flow: FlowFields): Buffer {
  const record = Buffer.alloc(FLOW_RECORD_BYTES);
  for (const [field, value] of entries(flow.u64)) record.writeBigUInt64LE(value, flowRecord[field]);
  for (const [field, pair] of entries(flow.pairs))
    pair.forEach((value, i) => {
      record.writeBigUInt64LE(value, flowRecord[field] + 8 * i);
    });
  for (const [field, value] of entries(flow.u32)) record.writeUInt32LE(value, flowRecord[field]);
  for (const [field, value] of entries(flow.u16)) record.writeUInt16LE(value, flowRecord[field]);
  for (const [field, values] of entries(flow.u16s))
    values.forEach((value, i) => {
      record.writeUInt16LE(value, flowRecord[field] + 2 * i);
    });
  for (const [field, value] of entries(flow.u8)) record.writeUInt8(value, flowRecord[field]);
  for (const [field, value] of entries(flow.bytes)) record.set(value, flowRecord[field]);
  (flow.tunnel ?? []).forEach(({ kind, id }, i) => {
    const at = flowRecord.tunnel + i * TUNNEL_LAYER_BYTES;
    record.writeUInt32LE(id, at + tunnelLayer.id);
    record.writeUInt8(kind, at + tunnelLayer.kind);
  });
  return record;
}

function factRun(facts: [key: number, value: Uint8Array][]): Buffer {
  return Buffer.concat(
    facts.flatMap(([key, value]) => [Buffer.from([key, 0, value.length & 255, value.length >> 8]), value]),
  );
}

/** 16 bytes of an IPv4 address mapped into IPv6. */
export function mapped(...octets: [number, number, number, number]): Buffer {
  return Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...octets]);
}
