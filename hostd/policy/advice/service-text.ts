// Services as people write them, tcp/5432 or icmp/8 → protocol and ports of flows.
import { protocolKeyword } from '../../../dp/client/index.ts';
import { VmoatError } from '../../base/errors.ts';
import { parsePorts } from '../ports.ts';

export interface PortsOf {
  /** IANA's keyword; null: any. */
  proto: string | null;
  low: number;
  high: number;
}

/** What a port of a rule means, `udp/5000-5999`; null where it is none. */
export function servicesOf(text: string): PortsOf | null {
  const range = parsePorts(text);
  return range && { ...range, proto: range.proto === 'any' ? null : protocolKeyword(range.proto) };
}

/** Throws `bad_request` for a port above 65535; the form was checked before. */
export function serviceOf(port: string): { proto: string; port: number } {
  const [name = '', first = '0', code = '0'] = port.split('/');
  const number = Number(first);
  if (name === 'icmp') return { proto: 'icmp', port: number * 256 + Number(code) };
  if (name === 'icmpv6') return { proto: 'ipv6-icmp', port: number * 256 + Number(code) };
  if (name === 'proto') return { proto: protocolKeyword(number), port: 0 };
  if (number > 65_535) throw new VmoatError('bad_request', 'a port is at most 65535', { field: 'port' });
  return { proto: name, port: number };
}
