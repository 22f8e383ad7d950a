// A service as people write it.

/** As rules name them, by what flows have. */
const ICMP: ReadonlyMap<string, string> = new Map([
  ['icmp', 'icmp'],
  ['ipv6-icmp', 'icmpv6'],
]);

/** `tcp/443`, as in a rule; of ICMP the type and code, which dp puts into the port. */
export function service(proto: string, port: number): string {
  const icmp = ICMP.get(proto);
  if (icmp) return `${icmp}/${port >> 8}${port & 0xff ? `/${port & 0xff}` : ''}`;
  return port === 0 ? proto : `${proto}/${port}`;
}
