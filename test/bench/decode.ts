// How quickly bulk records from the engine are read: one million of them must take less than 2 s.

import { FlowBatch } from '../../dp/client/flow-batch.ts';
import { flowJson } from '../../dp/client/flow-json.ts';
import type { FlowRecord } from '../../dp/client/flow-record.ts';
import { flowBatch, mapped } from '../wire/flow-batch.ts';
import { type Bench, type BenchContext, median, type Row } from './row.ts';

const RECORDS = 1_000_000;
const PER_BATCH = 10_000;

const registry = { applications: ['', 'http'], facts: ['', 'http.host'], anomalies: [], threats: [] };

/** What each variant does with a record; the sum keeps the reads from being optimised away. */
const VARIANTS: Record<string, (record: FlowRecord) => number> = {
  counters: (record) => record.deltaBytes[0] + record.deltaBytes[1] + record.srcSlot + record.segment,
  'all fields': (record) => everyField(record),
  'flow JSON': (record) => JSON.stringify(flowJson(record, registry, 'br0')).length,
};

function everyField(record: FlowRecord): number {
  const { id, parent, firstMs, lastMs, packets, bytes, deltaPackets, deltaBytes, anomalies, threats } =
    record;
  const { src, dst, srcMac, dstMac, sport, dport, srcSlot, dstSlot, vlan, layers, segment, rule } = record;
  const { tunnel, proto, family, confidence, direction, end, verdict, enforced, decidedBy, facts } = record;
  const texts = [
    id,
    parent,
    src,
    dst,
    srcMac,
    dstMac,
    confidence,
    direction,
    end,
    verdict,
    enforced,
    decidedBy,
  ];
  const lists = [packets, bytes, deltaPackets, deltaBytes, anomalies, threats, vlan, layers, tunnel, facts];
  const numbers = [firstMs, lastMs, sport, dport, srcSlot, dstSlot, segment, rule, proto, family];
  return texts.length + lists.length + numbers.length + src.length + dst.length;
}

const pair = (toServer: bigint, toClient: bigint): [bigint, bigint] => [toServer, toClient];

function batch(): Buffer {
  const flows = Array.from({ length: PER_BATCH }, (_, i) => ({
    u64: { id: BigInt(i + 1), first_ns: 1_700_000_000_000_000_000n, last_ns: 1_700_000_001_000_000_000n },
    pairs: { packets: pair(5n, 4n), bytes: pair(500n, 4_000n), delta_bytes: pair(1n, 2n) },
    bytes: { src: mapped(10, 0, i >> 8, i & 255), dst: mapped(10, 1, 0, 1) },
    u16: { sport: 40_000, dport: 80, src_slot: 3 },
    u16s: { layers: [1] },
    u8: { proto: 6, family: 4, confidence: 2, direction: 1 },
    facts: i % 10 === 0 ? [[1, Buffer.from('example.org')] as [number, Buffer]] : [],
  }));
  return flowBatch(flows);
}

function seconds(body: Buffer, read: (record: FlowRecord) => number): number {
  const start = performance.now();
  let sum = 0;
  for (let done = 0; done < RECORDS; done += PER_BATCH)
    for (const record of new FlowBatch(body)) sum += read(record);
  if (sum === 0) throw new Error('nothing was read');
  return (performance.now() - start) / 1000;
}

async function* run({ rounds, log }: BenchContext): AsyncGenerator<Row> {
  const body = batch();
  const values = new Map(Object.keys(VARIANTS).map((variant) => [variant, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    log(`decode: round ${round + 1} of ${rounds}`);
    for (const [variant, read] of Object.entries(VARIANTS)) values.get(variant)?.push(seconds(body, read));
  }
  for (const [variant, taken] of values)
    yield {
      bench: 'decode',
      metric: 'million-records',
      variant,
      baseline: '',
      value: median(taken),
      unit: 's',
      ratio: null,
      runs: taken.length,
    };
}

export const decode: Bench = { name: 'decode', describe: 'a million flow records read by the decoder', run };
