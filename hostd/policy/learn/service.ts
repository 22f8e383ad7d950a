// A service as rules name it: an application where it is known for sure, and ports.
import { protocolNumber } from '../../../dp/client/index.ts';
import type { Evidence } from '../../base/evidence.ts';

/** Ports of one protocol, both included. */
export interface PortRange {
  proto: string;
  first: number;
  last: number;
}

const WITH_PORTS = new Set(['tcp', 'udp', 'udplite', 'sctp']);
const CODE_ANY = 256;

/** The application of a rule; null: only ports say what it is. */
export const appOf = ({ app, confidence, proto }: Evidence): string | null =>
  confidence === 'sure' && app !== null && WITH_PORTS.has(proto) ? app : null;

export function portsOf({ proto, port }: Evidence): PortRange {
  return { proto, first: port, last: port };
}

/** As a rule's `ports` says it: tcp/80, udp/5000-5999, icmp/8, proto/47. */
export function portText({ proto, first, last }: PortRange): string {
  if (WITH_PORTS.has(proto)) return `${proto}/${first === last ? first : `${first}-${last}`}`;
  if (proto === 'icmp') return `icmp/${Math.floor(first / CODE_ANY)}`;
  if (proto === 'ipv6-icmp') return `icmpv6/${Math.floor(first / CODE_ANY)}`;
  return `proto/${protocolNumber(proto)}`;
}

/** From here on a port may be one that a system hands out: Linux from 32768, IANA from 49152. */
const EPHEMERAL = 32_768;
/** More single ports than this of one pair become ranges. */
const SINGLES_MAX = 8;
/** Ports that are at most this far apart belong to one range. */
const GAP_MAX = 16;

/** Sorted, and nothing twice; with `fold` many ports become ranges, and many high ones all that may be handed out. */
export function folded(ranges: readonly PortRange[], fold: boolean): PortRange[] {
  const protos = [...new Set(ranges.map(({ proto }) => proto))].sort();
  return protos.flatMap((proto) => {
    const exact = joined(
      ranges.filter((range) => range.proto === proto),
      WITH_PORTS.has(proto) ? 1 : 0,
    );
    return fold && WITH_PORTS.has(proto) ? wide(exact, proto) : exact;
  });
}

function wide(exact: readonly PortRange[], proto: string): PortRange[] {
  const high = exact.filter(({ first }) => first >= EPHEMERAL);
  const low = exact.filter(({ first }) => first < EPHEMERAL);
  return [
    ...(low.length > SINGLES_MAX ? joined(low, GAP_MAX) : low),
    ...(high.length > SINGLES_MAX ? [{ proto, first: EPHEMERAL, last: 65_535 }] : high),
  ];
}

/** Ranges that are at most `gap` apart are one. */
function joined(ranges: readonly PortRange[], gap: number): PortRange[] {
  const all: PortRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.first - b.first)) {
    const before = all.at(-1);
    if (before && range.first <= before.last + gap) before.last = Math.max(before.last, range.last);
    else all.push({ ...range });
  }
  return all;
}
