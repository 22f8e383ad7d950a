// A service as people write it.

const ICMP = new Set(['icmp', 'ipv6-icmp']);

/** `tcp/443`; of ICMP the type and code, which dp puts into the port. */
export function service(proto: string, port: number): string {
  if (ICMP.has(proto)) return `icmp/${port >> 8}${port & 0xff ? `/${port & 0xff}` : ''}`;
  return port === 0 ? proto : `${proto}/${port}`;
}
