// A service as people write it, tcp/5432 or icmp/8 → protocol and port of a flow.
import { protocolKeyword } from '../../../dp/client/index.ts';
import { VmoatError } from '../../base/errors.ts';

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
