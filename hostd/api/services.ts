// Which services a query means by `proto` and `port`: a number, or what a rule would say, tcp/443 or icmp/8.
import { VmoatError } from '../base/errors.ts';
import { servicesOf } from '../policy/advice/service-text.ts';
import { PORTS_WANTED } from '../policy/ports.ts';

export interface Services {
  /** IANA's keyword. */
  proto?: string;
  /** The lowest and the highest; of ICMP type << 8 | code. */
  ports?: readonly [number, number];
}

const NUMBER = /^\d{1,5}$/;
export const PORT_MAX = 65_535;
/** The protocols whose port is a type, as rules name them and as flows do. */
const TYPED: ReadonlyMap<string, string> = new Map([
  ['icmp', 'icmp'],
  ['icmpv6', 'icmpv6'],
  ['ipv6-icmp', 'icmpv6'],
]);

export const isPort = (text: string): boolean =>
  NUMBER.test(text) ? Number(text) <= PORT_MAX : servicesOf(text) !== null;

/** Throws `bad_request` where the two contradict each other, or a type of ICMP is none. */
export function servicesAsked({
  proto,
  port,
}: {
  proto?: string | undefined;
  port?: string | undefined;
}): Services {
  const typed = proto === undefined ? undefined : TYPED.get(proto);
  const keyword = typed === 'icmpv6' ? 'ipv6-icmp' : proto;
  const text = typed && port !== undefined && NUMBER.test(port) ? `${typed}/${port}` : port;
  if (text === undefined || NUMBER.test(text))
    return {
      ...(keyword !== undefined && { proto: keyword }),
      ...(text !== undefined && { ports: [Number(text), Number(text)] as const }),
    };
  return agreed(keyword, text);
}

function agreed(keyword: string | undefined, text: string): Services {
  const found = servicesOf(text);
  if (!found) throw refused(`port: ${text} is none: ${PORTS_WANTED}`);
  if (keyword !== undefined && found.proto !== null && found.proto !== keyword)
    throw refused(`port: ${text} is none of ${keyword}`);
  const proto = found.proto ?? keyword;
  return { ...(proto !== undefined && { proto }), ports: [found.low, found.high] };
}

const refused = (text: string): VmoatError => new VmoatError('bad_request', text, { field: 'port' });
