// Addresses and subnets as numbers. Pure.
import { isIP } from 'node:net';
import type { Subnet } from './types.ts';

export interface ParsedAddress {
  family: 4 | 6;
  value: bigint;
}

/** null where the text is no IPv4 or IPv6 address (RFC 4291 spelling, without zone). */
export function parseAddress(text: string): ParsedAddress | null {
  const version = isIP(text);
  if (version === 4) return { family: 4, value: ipv4Value(text) };
  return version === 6 && !text.includes('%') ? { family: 6, value: ipv6Value(text) } : null;
}

function ipv4Value(text: string): bigint {
  return text.split('.').reduce((value, octet) => (value << 8n) | BigInt(octet), 0n);
}

function ipv6Value(text: string): bigint {
  const [head = '', tail] = withoutDots(text).split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = Array<string>(8 - left.length - right.length).fill('0');
  return [...left, ...gap, ...right].reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}

/** The dotted end of ::ffff:1.2.3.4 as two groups. */
function withoutDots(text: string): string {
  const at = text.lastIndexOf(':');
  if (!text.includes('.')) return text;
  const value = ipv4Value(text.slice(at + 1));
  return `${text.slice(0, at)}:${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
}

/** `10.0.0.1/24` → the subnet 10.0.0.0/24; null where it is none. */
export function parseSubnet(cidr: string): Subnet | null {
  const [text = '', length = ''] = cidr.split('/');
  return /^\d{1,3}$/.test(length) ? subnetOf(text, Number(length)) : null;
}

export function subnetOf(address: string, prefix: number): Subnet | null {
  const parsed = parseAddress(address);
  if (!parsed || prefix > bitsOf(parsed.family)) return null;
  const shift = BigInt(bitsOf(parsed.family) - prefix);
  const base = (parsed.value >> shift) << shift;
  return { family: parsed.family, base, prefix, cidr: `${address}/${prefix}` };
}

export function contains(subnet: Subnet, address: ParsedAddress): boolean {
  if (subnet.family !== address.family) return false;
  const shift = BigInt(bitsOf(subnet.family) - subnet.prefix);
  return subnet.base >> shift === address.value >> shift;
}

function bitsOf(family: 4 | 6): number {
  return family === 4 ? 32 : 128;
}

export function isMulticast({ family, value }: ParsedAddress): boolean {
  return family === 4 ? value >> 28n === 0xen : value >> 120n === 0xffn;
}

/** 169.254.0.0/16 and fe80::/10: never routed. */
export function isLinkLocal({ family, value }: ParsedAddress): boolean {
  return family === 4 ? value >> 16n === 0xa9fen : value >> 118n === 0x3fan;
}

/** The address of all hosts of a subnet; null where it has none (/31 and /32, RFC 3021; IPv6). */
export function broadcastOf({ family, base, prefix }: Subnet): string | null {
  if (family !== 4 || prefix >= 31) return null;
  const value = base | ((1n << BigInt(32 - prefix)) - 1n);
  return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
}

/** The limited broadcast, or the directed one of one of the subnets (/31 and /32 have none, RFC 3021). */
export function isBroadcast(address: ParsedAddress, subnets: readonly Subnet[]): boolean {
  if (address.family !== 4) return false;
  if (address.value === 0xffffffffn) return true;
  return subnets.some((subnet) => {
    const hostBits = (1n << BigInt(32 - subnet.prefix)) - 1n;
    return subnet.prefix < 31 && contains(subnet, address) && (address.value & hostBits) === hostBits;
  });
}
