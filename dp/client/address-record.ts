// An `addresses` body: addresses learned in segments.
import { ipText, macText } from './address-text.ts';
import { DataplaneError } from './dataplane-error.ts';
import { milliseconds, viewOf } from './fields.ts';
import { ADDRESS_RECORD_BYTES, ADDRESS_SOURCES, addressRecord } from './layout.ts';

/** An address seen in a segment. */
export interface AddressRecord {
  address: string;
  mac: string;
  /** NIC it was seen behind; 0 = somewhere else in the segment. */
  slot: number;
  segment: number;
  source: (typeof ADDRESS_SOURCES)[number];
  gone: boolean;
  seenMs: number;
}

/** All records of an `addresses` body; throws `dp_protocol` where it is no whole number of them. */
export function decodeAddresses(body: Uint8Array): AddressRecord[] {
  if (body.length % ADDRESS_RECORD_BYTES !== 0)
    throw new DataplaneError('dp_protocol', `an address batch of ${body.length} bytes is cut`);
  const view = viewOf(body);
  const records: AddressRecord[] = [];
  for (let at = 0; at < body.length; at += ADDRESS_RECORD_BYTES) records.push(addressAt(view, at));
  return records;
}

function addressAt(view: DataView, at: number): AddressRecord {
  return {
    address: ipText(view, at + addressRecord.address),
    mac: macText(view, at + addressRecord.mac),
    slot: view.getUint16(at + addressRecord.slot, true),
    segment: view.getUint32(at + addressRecord.segment, true),
    source: ADDRESS_SOURCES[view.getUint8(at + addressRecord.source)] ?? 'traffic',
    gone: view.getUint8(at + addressRecord.gone) !== 0,
    seenMs: milliseconds(view, at + addressRecord.seen_ns),
  };
}
