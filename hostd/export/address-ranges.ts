// Sets of addresses as ranges: together, in blocks, as text. Pure.
import type { AddressRange } from '../policy/addresses.ts';

export type Family = AddressRange['family'];

const MULTICAST_4 = 0xe0000000n;
const MULTICAST_4_LAST = 0xefffffffn;
const BROADCAST_4 = 0xffffffffn;
const MULTICAST_6 = 0xffn << 120n;

/** Every address that can be of one end: no multicast, no broadcast. */
export const UNICAST: readonly AddressRange[] = [
  { family: 4, first: 0n, last: MULTICAST_4 - 1n },
  { family: 4, first: MULTICAST_4_LAST + 1n, last: BROADCAST_4 - 1n },
  { family: 6, first: 0n, last: MULTICAST_6 - 1n },
];

/** Addresses of the built-in groups that are of many ends; those of subnets are among the ends. */
export const OF_MANY_ADDRESSES: Readonly<Record<string, readonly string[]>> = {
  multicast: ['224.0.0.0/4', 'ff00::/8'],
  broadcast: ['255.255.255.255'],
};

const inOrder = (a: AddressRange, b: AddressRange): number =>
  a.family - b.family || (a.first < b.first ? -1 : Number(a.first > b.first));

/** The same addresses in as few ranges as can be, in order. */
export function together(ranges: readonly AddressRange[]): AddressRange[] {
  const merged: AddressRange[] = [];
  for (const range of [...ranges].sort(inOrder)) {
    const before = merged.at(-1);
    if (before?.family === range.family && range.first <= before.last + 1n) {
      if (range.last > before.last) before.last = range.last;
    } else merged.push({ ...range });
  }
  return merged;
}

/** Of a range: the fewest CIDR blocks that have just its addresses. */
export function blocksOf({ family, first, last }: AddressRange): { base: bigint; prefix: number }[] {
  const bits = family === 4 ? 32 : 128;
  const blocks: { base: bigint; prefix: number }[] = [];
  for (let base = first; base <= last; ) {
    let free = 0;
    while (free < bits && (base >> BigInt(free)) % 2n === 0n && base + (2n << BigInt(free)) - 1n <= last)
      free++;
    blocks.push({ base, prefix: bits - free });
    base += 1n << BigInt(free);
  }
  return blocks;
}

/** IPv6 in eight groups. */
export function addressText(family: Family, value: bigint): string {
  const [count, bits] = family === 4 ? [4, 8n] : [8, 16n];
  const parts = Array.from({ length: count }, (_, at) =>
    ((value >> (BigInt(count - 1 - at) * bits)) & ((1n << bits) - 1n)).toString(family === 4 ? 10 : 16),
  );
  return parts.join(family === 4 ? '.' : ':');
}
