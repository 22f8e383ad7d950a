// Single packets of any protocol, as bytes: what a ruleset is to judge.
import { be16, bytes, checksum, hex } from '../pcap/frames.ts';

export interface End {
  name: string;
  mac: string;
  address4: string;
  address6: string;
}

/** What a client sends first. `port` is the server's; of ICMP it is type << 8 | code. */
export interface Packet {
  from: End;
  to: End;
  family: 4 | 6;
  proto: number;
  port: number;
  /** Told from all others by it; no reply of another one has its source port either. */
  id: number;
}

export const [ICMP, TCP, UDP, ICMPV6] = [1, 6, 17, 58] as const;
const PORTS_FROM = 10_000;
const CHECKSUM_AT: Record<number, number> = { [ICMP]: 2, [TCP]: 16, [UDP]: 6, [ICMPV6]: 2 };

/** Its id stands in it as `vmoat:ID.`. */
export function frameOf(packet: Packet): Buffer {
  const { from, to, family } = packet;
  const body = checked(packet, transport(packet));
  const head = family === 4 ? ipv4(packet, body.length) : ipv6(packet, body.length);
  return bytes(mac(to), mac(from), hex(family === 4 ? '0800' : '86dd'), head, body);
}

function transport({ proto, port, id }: Packet): Buffer {
  const said = Buffer.from(`vmoat:${id}.`);
  const source = be16(PORTS_FROM + (id % 50_000));
  if (proto === TCP) return bytes(source, be16(port), hex('00000001 00000000 5002 ffff 0000 0000'), said);
  if (proto === UDP) return bytes(source, be16(port), be16(8 + said.length), hex('0000'), said);
  return bytes(be16(port), hex('0000'), source, hex('0001'), said);
}

function checked({ from, to, family, proto }: Packet, body: Buffer): Buffer {
  const ends = bytes(addressOf(from, family), addressOf(to, family));
  const pseudo =
    proto === ICMP ? Buffer.alloc(0) : bytes(ends, be16(0), be16(proto), be16(0), be16(body.length));
  const at = CHECKSUM_AT[proto] ?? 0;
  return bytes(body.subarray(0, at), checksum(bytes(pseudo, body)), body.subarray(at + 2));
}

function ipv4({ from, to, proto, id }: Packet, length: number): Buffer {
  const head = bytes(hex('4500'), be16(20 + length), be16(id & 0xffff), hex('4000 40'), Buffer.from([proto]));
  const ends = bytes(addressOf(from, 4), addressOf(to, 4));
  return bytes(head, checksum(bytes(head, hex('0000'), ends)), ends);
}

const ipv6 = ({ from, to, proto }: Packet, length: number): Buffer =>
  bytes(hex('60000000'), be16(length), Buffer.from([proto, 64]), addressOf(from, 6), addressOf(to, 6));

const mac = ({ mac: text }: End): Buffer => hex(text.replaceAll(':', ''));

/** IPv6 ones are written with one `::`. */
function addressOf({ address4, address6 }: End, family: 4 | 6): Buffer {
  if (family === 4) return Buffer.from(address4.split('.').map(Number));
  const [front, back] = address6.split('::').map((part) => part.split(':').filter(Boolean)) as [
    string[],
    string[],
  ];
  const zeros = Array<string>(8 - front.length - back.length).fill('0');
  return bytes(...[...front, ...zeros, ...back].map((word) => be16(Number.parseInt(word, 16))));
}
