// Address ranges of groups and criteria: CIDR, a single address, or first-last. Pure.
import { type ParsedAddress, parseAddress, parseSubnet } from '../../topology/address.ts';

export interface AddressRange {
  family: 4 | 6;
  first: bigint;
  last: bigint;
}

export const ADDRESSES_WANTED = 'an address, a CIDR (192.0.2.0/24) or a range (192.0.2.1-192.0.2.9)';

/** null where it is none. A CIDR may name any address of its range. */
export function parseRange(text: string): AddressRange | null {
  if (text.includes('/')) return fromSubnet(text);
  const [from = '', to = from, more] = text.split('-');
  const [first, last] = [parseAddress(from), parseAddress(to)];
  if (!first || !last || more !== undefined || first.family !== last.family) return null;
  return first.value <= last.value ? { family: first.family, first: first.value, last: last.value } : null;
}

function fromSubnet(text: string): AddressRange | null {
  const subnet = parseSubnet(text);
  if (!subnet) return null;
  const bits = BigInt((subnet.family === 4 ? 32 : 128) - subnet.prefix);
  return { family: subnet.family, first: subnet.base, last: subnet.base | ((1n << bits) - 1n) };
}

export const inRange = ({ family, first, last }: AddressRange, address: ParsedAddress): boolean =>
  family === address.family && first <= address.value && address.value <= last;
