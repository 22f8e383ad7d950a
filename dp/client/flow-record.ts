// Reads one flow record (dp/contract/records.h) in place: a field is decoded when it is asked for.
import { ipText, macText } from './address-text.ts';
import { bits, milliseconds, type Pair, pair, u64Text } from './fields.ts';
import {
  APPLICATION_LAYERS,
  CONFIDENCES,
  DECIDED_BY,
  DIRECTIONS,
  ENFORCED,
  FLOW_ENDS,
  FLOW_PICKED_UP,
  FLOW_VIOLATION,
  flowRecord,
  TUNNEL_KINDS,
  TUNNEL_LAYER_BYTES,
  TUNNEL_LAYERS,
  tunnelLayer,
  VERDICTS,
  VLAN_TAGS,
} from './layout.ts';

export type Tunnel = { kind: NonNullable<(typeof TUNNEL_KINDS)[number]>; id: number };
/** One fact as the peer sent it; `key` is an index into registry.facts. */
export type RawFact = { key: number; value: Uint8Array };

const FACT_HEAD_BYTES = 4;

/**
 * A flow between a client (src) and a server (dst) at offset `at` of a batch. Pairs are
 * [to server, to client]; times are ms since the epoch with a fraction, bytes are layer-2 bytes.
 * It keeps its whole batch in memory: take out what is to be kept.
 */
export class FlowRecord {
  readonly #view: DataView;
  readonly #at: number;
  readonly #facts: Uint8Array;

  constructor(view: DataView, at: number, facts: Uint8Array) {
    this.#view = view;
    this.#at = at;
    this.#facts = facts;
  }

  /** Unique for this instance of dp. */
  get id(): string {
    return u64Text(this.#view, this.#at + flowRecord.id);
  }
  /** Outer or earlier-leg flow, or null. */
  get parent(): string | null {
    const text = u64Text(this.#view, this.#at + flowRecord.parent);
    return text === '0' ? null : text;
  }
  get firstMs(): number {
    return milliseconds(this.#view, this.#at + flowRecord.first_ns);
  }
  get lastMs(): number {
    return milliseconds(this.#view, this.#at + flowRecord.last_ns);
  }
  get firstNs(): bigint {
    return this.#view.getBigInt64(this.#at + flowRecord.first_ns, true);
  }
  get lastNs(): bigint {
    return this.#view.getBigInt64(this.#at + flowRecord.last_ns, true);
  }
  /** Totals since the flow began. */
  get packets(): Pair {
    return pair(this.#view, this.#at + flowRecord.packets);
  }
  get bytes(): Pair {
    return pair(this.#view, this.#at + flowRecord.bytes);
  }
  /** What came since the previous record of this flow. */
  get deltaPackets(): Pair {
    return pair(this.#view, this.#at + flowRecord.delta_packets);
  }
  get deltaBytes(): Pair {
    return pair(this.#view, this.#at + flowRecord.delta_bytes);
  }
  /** TCP segments that repeated data, sent by [client, server]. */
  get retransmissions(): Pair {
    const at = this.#at + flowRecord.retransmissions;
    return [this.#view.getUint32(at, true), this.#view.getUint32(at + 4, true)];
  }
  /** Indices into registry.anomalies. */
  get anomalies(): number[] {
    return bits(this.#view, this.#at + flowRecord.anomalies);
  }
  /** Indices into registry.threats. */
  get threats(): number[] {
    return bits(this.#view, this.#at + flowRecord.threats);
  }
  /** The client's address; the MAC where the flow is not IP. */
  get src(): string {
    return this.family === 0 ? this.srcMac : ipText(this.#view, this.#at + flowRecord.src);
  }
  /** The server's address; the MAC where the flow is not IP. */
  get dst(): string {
    return this.family === 0 ? this.dstMac : ipText(this.#view, this.#at + flowRecord.dst);
  }
  get srcMac(): string {
    return macText(this.#view, this.#at + flowRecord.src_mac);
  }
  get dstMac(): string {
    return macText(this.#view, this.#at + flowRecord.dst_mac);
  }
  /** ICMP: the echo id. */
  get sport(): number {
    return this.#view.getUint16(this.#at + flowRecord.sport, true);
  }
  /** ICMP: type << 8 | code. */
  get dport(): number {
    return this.#view.getUint16(this.#at + flowRecord.dport, true);
  }
  /** NIC slot of the client's end; 0 where it is not one of this host's taps. */
  get srcSlot(): number {
    return this.#view.getUint16(this.#at + flowRecord.src_slot, true);
  }
  get dstSlot(): number {
    return this.#view.getUint16(this.#at + flowRecord.dst_slot, true);
  }
  /** VLAN ids, outermost first. */
  get vlan(): number[] {
    return this.#numbers(flowRecord.tags, VLAN_TAGS);
  }
  /** Indices into registry.applications, outermost layer first. */
  get layers(): number[] {
    return this.#numbers(flowRecord.layers, APPLICATION_LAYERS);
  }
  get segment(): number {
    return this.#view.getUint32(this.#at + flowRecord.segment, true);
  }
  /** Number of the rule that decided; 0 = none. */
  get rule(): number {
    return this.#view.getUint32(this.#at + flowRecord.rule, true);
  }
  /** Outermost first. */
  get tunnel(): Tunnel[] {
    const layers: Tunnel[] = [];
    for (let i = 0; i < TUNNEL_LAYERS; i++) {
      const at = this.#at + flowRecord.tunnel + i * TUNNEL_LAYER_BYTES;
      const kind = TUNNEL_KINDS[this.#view.getUint8(at + tunnelLayer.kind)];
      if (!kind) break;
      layers.push({ kind, id: this.#view.getUint32(at + tunnelLayer.id, true) });
    }
    return layers;
  }
  /** IANA protocol number. */
  get proto(): number {
    return this.#byte(flowRecord.proto);
  }
  /** 4 or 6; 0 = not IP. */
  get family(): number {
    return this.#byte(flowRecord.family);
  }
  get confidence(): (typeof CONFIDENCES)[number] {
    return CONFIDENCES[this.#byte(flowRecord.confidence)] ?? null;
  }
  get direction(): (typeof DIRECTIONS)[number] {
    return DIRECTIONS[this.#byte(flowRecord.direction)] ?? 'inferred';
  }
  /** null while the flow is open. */
  get end(): (typeof FLOW_ENDS)[number] {
    return FLOW_ENDS[this.#byte(flowRecord.end)] ?? null;
  }
  get verdict(): (typeof VERDICTS)[number] {
    return VERDICTS[this.#byte(flowRecord.verdict)] ?? null;
  }
  get enforced(): (typeof ENFORCED)[number] {
    return ENFORCED[this.#byte(flowRecord.enforced)] ?? 'passed';
  }
  get decidedBy(): (typeof DECIDED_BY)[number] {
    return DECIDED_BY[this.#byte(flowRecord.decided_by)] ?? null;
  }
  /** Older than the tap: its first TCP packet seen was no SYN. */
  get pickedUp(): boolean {
    return (this.#byte(flowRecord.flags) & FLOW_PICKED_UP) !== 0;
  }
  get violation(): boolean {
    return (this.#byte(flowRecord.flags) & FLOW_VIOLATION) !== 0;
  }
  /** Facts known so far; empty also where they did not change since the previous record of this flow. */
  get facts(): RawFact[] {
    const start = this.#view.getUint32(this.#at + flowRecord.facts_at, true);
    const length = this.#view.getUint32(this.#at + flowRecord.facts_length, true);
    if (length === 0) return [];
    return splitFacts(this.#facts.subarray(start, start + length));
  }

  #byte(offset: number): number {
    return this.#view.getUint8(this.#at + offset);
  }
  #numbers(offset: number, count: number): number[] {
    const numbers: number[] = [];
    for (let i = 0; i < count; i++) {
      const value = this.#view.getUint16(this.#at + offset + 2 * i, true);
      if (value === 0) break;
      numbers.push(value);
    }
    return numbers;
  }
}

function splitFacts(run: Uint8Array): RawFact[] {
  const facts: RawFact[] = [];
  for (let at = 0; at + FACT_HEAD_BYTES <= run.length; ) {
    const [key = 0, , low = 0, high = 0] = run.subarray(at, at + FACT_HEAD_BYTES);
    const end = at + FACT_HEAD_BYTES + low + 256 * high;
    if (end > run.length) break;
    facts.push({ key, value: run.subarray(at + FACT_HEAD_BYTES, end) });
    at = end;
  }
  return facts;
}
