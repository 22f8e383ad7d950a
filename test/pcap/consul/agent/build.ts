// An agent joins by exchanging states over TCP, is probed by UDP, and asks a server for a catalogue.
import { be16, be32, bytes, Capture, hex } from '../../frames.ts';

// MessagePack: strings and maps of fewer than 16 pairs, small numbers, booleans.
type Value = string | number | boolean | Buffer | { [key: string]: Value };
function pack(value: Value): Buffer {
  if (typeof value === 'number') return Buffer.from([value]);
  if (typeof value === 'boolean') return Buffer.from([value ? 0xc3 : 0xc2]);
  if (Buffer.isBuffer(value)) return bytes(Buffer.from([0xa0 | value.length]), value);
  if (typeof value === 'string') return packText(value);
  const pairs = Object.entries(value);
  return bytes(Buffer.from([0x80 | pairs.length]), ...pairs.flatMap(([key, of]) => [pack(key), pack(of)]));
}
const packText = (value: string): Buffer =>
  bytes(value.length < 32 ? Buffer.from([0xa0 | value.length]) : bytes(hex('da'), be16(value.length)), value);

const gossip = { ping: 0, acknowledge: 2, alive: 4, pushPull: 6, compound: 7, checked: 12 };
const kind = (of: number, value: Value): Buffer => bytes(Buffer.from([of]), pack(value));
const tags = bytes(hex('ff'), pack({ role: 'consul', dc: 'dc1', port: '8300', vsn: '2', build: '1.14.0' }));
const meta = bytes(hex('da'), be16(tags.length), tags);
const addressOf = (last: number): Buffer => Buffer.from([10, 9, 0, last]);

/** One node's state, its metadata longer than a short string may be. */
const state = (name: string, last: number): Buffer =>
  bytes(
    hex('85'),
    pack('Addr'),
    pack(addressOf(last)),
    pack('Incarnation'),
    pack(1),
    pack('Meta'),
    meta,
    pack('Name'),
    pack(name),
    pack('State'),
    pack(0),
  );
const alive = (name: string, last: number): Buffer =>
  bytes(
    hex('04 84'),
    pack('Addr'),
    pack(addressOf(last)),
    pack('Incarnation'),
    pack(1),
    pack('Meta'),
    meta,
    pack('Node'),
    pack(name),
  );
const exchange = (name: string, last: number): Buffer =>
  bytes(kind(gossip.pushPull, { Join: true, Nodes: 1, UserStateLen: 0 }), state(name, last));
const checked = (message: Buffer): Buffer => bytes(hex('0c'), be32(crc32(message)), message);
const compound = (...messages: Buffer[]): Buffer =>
  bytes(hex('07'), Buffer.from([messages.length]), ...messages.map((m) => be16(m.length)), ...messages);

function crc32(data: Buffer): number {
  let crc = ~0;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/** yamux: version 0, type (0 data, 1 window), flags (1 SYN), stream, length. */
const yamux = (type: number, flags: number, length: number): Buffer =>
  bytes(Buffer.from([0, type]), be16(flags), be32(1), be32(length));
const data = (body: Buffer): Buffer => bytes(yamux(0, 0, body.length), body);
const ask = bytes(pack({ ServiceMethod: 'Catalog.ListServices', Seq: 1 }), pack({ Datacenter: 'dc1' }));
const answer = bytes(
  pack({ Error: '', Seq: 1, ServiceMethod: 'Catalog.ListServices' }),
  pack({ Services: { consul: '' } }),
);

export const capture = new Capture();
capture.tcp(8301).client(exchange('web-1', 1)).server(exchange('server-1', 2)).end();
const probe = kind(gossip.ping, { Node: 'server-1', SeqNo: 7, SourceNode: 'web-1' });
capture.udp('client', 8301, checked(compound(probe, alive('web-1', 1))), 8301);
capture.udp('server', 8301, checked(kind(gossip.acknowledge, { Payload: '', SeqNo: 7 })), 8301);
capture
  .tcp(8300)
  .client(hex('04'), yamux(1, 1, 0), data(ask))
  .server(yamux(1, 2, 0), data(answer))
  .end();
