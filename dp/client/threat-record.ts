// A `threats` body: attacks that the engine recognised.
import { ipText } from './address-text.ts';
import { DataplaneError } from './dataplane-error.ts';
import { milliseconds, u64Number, u64Text, viewOf } from './fields.ts';
import { THREAT_RECORD_BYTES, threatRecord } from './layout.ts';

/** One incident so far; it comes again, with the same id and a larger count, while it lasts. */
export interface ThreatRecord {
  /** Unique for this instance of dp. */
  id: string;
  /** The flow it was seen in last; null where it belongs to none. */
  flow: string | null;
  firstMs: number;
  lastMs: number;
  /** Times it was seen since firstMs. */
  count: number;
  /** Who did it; null where it is not IP. */
  src: string | null;
  dst: string | null;
  sport: number;
  dport: number;
  /** IANA protocol number. */
  proto: number;
  segment: number;
  /** NIC it was seen at; 0 = none. */
  slot: number;
  /** Index into registry.threats. */
  threat: number;
  /** The NIC's guest sent it; else it came towards the guest. */
  fromNic: boolean;
  /** As the engine wrote it, with bytes of the peer's in it: escape it where it is shown. */
  evidence: string;
}

/** All records of a `threats` body; throws `dp_protocol` where it is no whole number of them. */
export function decodeThreats(body: Uint8Array): ThreatRecord[] {
  if (body.length % THREAT_RECORD_BYTES !== 0)
    throw new DataplaneError('dp_protocol', `a threat batch of ${body.length} bytes is cut`);
  const view = viewOf(body);
  const records: ThreatRecord[] = [];
  for (let at = 0; at < body.length; at += THREAT_RECORD_BYTES) records.push(threatAt(body, view, at));
  return records;
}

function threatAt(body: Uint8Array, view: DataView, at: number): ThreatRecord {
  const ip = view.getUint8(at + threatRecord.family) !== 0;
  const flow = u64Text(view, at + threatRecord.flow);
  const evidence = at + threatRecord.evidence;
  return {
    id: u64Text(view, at + threatRecord.id),
    flow: flow === '0' ? null : flow,
    firstMs: milliseconds(view, at + threatRecord.first_ns),
    lastMs: milliseconds(view, at + threatRecord.last_ns),
    count: u64Number(view, at + threatRecord.count),
    src: ip ? ipText(view, at + threatRecord.src) : null,
    dst: ip ? ipText(view, at + threatRecord.dst) : null,
    sport: view.getUint16(at + threatRecord.sport, true),
    dport: view.getUint16(at + threatRecord.dport, true),
    proto: view.getUint8(at + threatRecord.proto),
    segment: view.getUint32(at + threatRecord.segment, true),
    slot: view.getUint16(at + threatRecord.slot, true),
    threat: view.getUint8(at + threatRecord.threat),
    fromNic: view.getUint8(at + threatRecord.from_nic) !== 0,
    evidence: new TextDecoder().decode(
      body.subarray(evidence, evidence + view.getUint8(at + threatRecord.evidence_length)),
    ),
  };
}
