// Names what a flow is for where a port would stand: the port, or the kind of an ICMP message.

/** ICMP keys carry type * 256 + code in the server's port. Types: IANA, "ICMP Type Numbers" and "ICMPv6 Parameters". */
const icmp: Readonly<Record<number, string>> = {
  0: 'echo reply',
  3: 'unreachable',
  5: 'redirect',
  8: 'echo',
  11: 'time exceeded',
};
const icmp6: Readonly<Record<number, string>> = {
  1: 'unreachable',
  2: 'too big',
  3: 'time exceeded',
  128: 'echo',
  129: 'echo reply',
  130: 'listener query',
  131: 'listener report',
  132: 'listener done',
  133: 'router solicit',
  134: 'router advert',
  135: 'neighbour solicit',
  136: 'neighbour advert',
  137: 'redirect',
  143: 'listener report',
};

export function isIcmp(proto: string): boolean {
  return proto === 'icmp' || proto === 'ipv6-icmp';
}

/** `tcp/5432`, `icmp echo`, `icmp6 133` for a type without a name, `gre` for what has no port. */
export function portName(proto: string, port: number): string {
  if (!isIcmp(proto)) return port === 0 ? proto : `${proto}/${port}`;
  const type = port >> 8;
  return proto === 'icmp' ? `icmp ${icmp[type] ?? type}` : `icmp6 ${icmp6[type] ?? type}`;
}

/** `10.0.0.1:5432`, `[2001:db8::1]:53`, only the address where there are no ports. */
export function socketText(proto: string, address: string, port: number): string {
  if (port === 0 || isIcmp(proto)) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
