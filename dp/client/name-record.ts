// A `names` body: names that DNS told guests.
import { ipText } from './address-text.ts';
import { DataplaneError } from './dataplane-error.ts';
import { milliseconds, viewOf } from './fields.ts';
import { NAME_RECORD_BYTES, nameRecord } from './layout.ts';

/** DNS told a NIC's guest that a name has an address; it comes again when it counts for longer. */
export interface NameRecord {
  /** A host's, in lower case: letters, digits, hyphens, underscores and dots. */
  name: string;
  address: string;
  /** Who answered. */
  server: string;
  /** NIC that asked. */
  slot: number;
  segment: number;
  /** Seconds, as bounded by dp. */
  ttl: number;
  seenMs: number;
  untilMs: number;
  /** It counts no more, whatever `untilMs` says. */
  gone: boolean;
}

/** All records of a `names` body; throws `dp_protocol` where it is no whole number of them. */
export function decodeNames(body: Uint8Array): NameRecord[] {
  if (body.length % NAME_RECORD_BYTES !== 0)
    throw new DataplaneError('dp_protocol', `a name batch of ${body.length} bytes is cut`);
  const view = viewOf(body);
  const records: NameRecord[] = [];
  for (let at = 0; at < body.length; at += NAME_RECORD_BYTES) records.push(nameAt(body, view, at));
  return records;
}

function nameAt(body: Uint8Array, view: DataView, at: number): NameRecord {
  const name = at + nameRecord.name;
  const length = view.getUint8(at + nameRecord.name_length);
  return {
    name: new TextDecoder().decode(body.subarray(name, name + length)),
    address: ipText(view, at + nameRecord.address),
    server: ipText(view, at + nameRecord.server),
    slot: view.getUint16(at + nameRecord.slot, true),
    segment: view.getUint32(at + nameRecord.segment, true),
    ttl: view.getUint32(at + nameRecord.ttl_s, true),
    seenMs: milliseconds(view, at + nameRecord.seen_ns),
    untilMs: milliseconds(view, at + nameRecord.until_ns),
    gone: view.getUint8(at + nameRecord.gone) !== 0,
  };
}
