// The ports of rules: their text, and what it means as ranges. Pure.

/** Ports of one protocol; for ICMP the low and high end of type << 8 | code. */
export interface PortRange {
  /** IANA's number, or `any` */
  proto: number | 'any';
  low: number;
  high: number;
}

const WITH_PORTS: ReadonlyMap<string, number> = new Map([
  ['tcp', 6],
  ['udp', 17],
  ['sctp', 132],
]);
const WITH_TYPES: ReadonlyMap<string, number> = new Map([
  ['icmp', 1],
  ['icmpv6', 58],
]);
const PORT_MAX = 65_535;

export const PORTS_WANTED =
  'any, tcp, udp/5000-5999, sctp/3868, icmp, icmp/8, icmp/3/4 (type/code), icmpv6/… or proto/47';

/** null where it is none: `any`, `tcp/80`, `udp/5000-5999`, `icmp/3/4`, `proto/47`, … */
export function parsePorts(text: string): PortRange | null {
  const [name = '', first, second, more] = text.split('/');
  if (more !== undefined) return null;
  if (text === 'any') return { proto: 'any', low: 0, high: PORT_MAX };
  if (name === 'proto') return second === undefined ? byNumber(first) : null;
  const withTypes = WITH_TYPES.get(name);
  if (withTypes !== undefined) return byType(withTypes, first, second);
  const withPorts = WITH_PORTS.get(name);
  return withPorts === undefined || second !== undefined ? null : byPort(withPorts, first);
}

function byNumber(text: string | undefined): PortRange | null {
  const proto = whole(text, 255);
  return proto === null ? null : { proto, low: 0, high: PORT_MAX };
}

function byType(proto: number, type: string | undefined, code: string | undefined): PortRange | null {
  if (type === undefined) return { proto, low: 0, high: PORT_MAX };
  const typed = whole(type, 255);
  const coded = code === undefined ? 0 : whole(code, 255);
  if (typed === null || coded === null) return null;
  const low = (typed << 8) | coded;
  return { proto, low, high: code === undefined ? low | 255 : low };
}

function byPort(proto: number, text: string | undefined): PortRange | null {
  if (text === undefined) return { proto, low: 0, high: PORT_MAX };
  const [from, to = from, more] = text.split('-');
  const [low, high] = [whole(from, PORT_MAX), whole(to, PORT_MAX)];
  return low === null || high === null || more !== undefined || low > high ? null : { proto, low, high };
}

const whole = (text: string | undefined, most: number): number | null =>
  text !== undefined && /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= most ? Number(text) : null;

const EVERYTHING: readonly PortRange[] = [{ proto: 'any', low: 0, high: PORT_MAX }];

/** Ranges of a rule: none given means any. Unreadable ones, which no checked document has, are left out. */
export const portRanges = (ports: readonly string[]): readonly PortRange[] =>
  ports.length === 0 ? EVERYTHING : ports.flatMap((text) => parsePorts(text) ?? []);

const coversRange = (wide: PortRange, narrow: PortRange): boolean =>
  (wide.proto === 'any' || wide.proto === narrow.proto) && wide.low <= narrow.low && narrow.high <= wide.high;

/** Whether each of `narrow` lies in one of `wide`. */
export const coversPorts = (wide: readonly PortRange[], narrow: readonly PortRange[]): boolean =>
  narrow.every((range) => wide.some((each) => coversRange(each, range)));

export const meetPorts = (a: readonly PortRange[], b: readonly PortRange[]): boolean =>
  a.some((one) =>
    b.some(
      (other) =>
        (one.proto === 'any' || other.proto === 'any' || one.proto === other.proto) &&
        one.low <= other.high &&
        other.low <= one.high,
    ),
  );
