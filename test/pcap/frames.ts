// Frames of a conversation between 10.9.0.1 and 10.9.0.2, for cases that are built by a protocol's specification:
// what a case's build.ts says becomes a capture file, the same bytes each time.
const MSS = 1448;
const FIRST_SECOND = 1_767_225_600; // 2026-01-01
const STEP_US = 500;

type Part = Buffer | string;
type Side = 'client' | 'server';
interface End {
  mac: Buffer;
  ip: Buffer;
}
const ends: Record<Side, End> = {
  client: { mac: Buffer.from('525400000901', 'hex'), ip: Buffer.from([10, 9, 0, 1]) },
  server: { mac: Buffer.from('525400000902', 'hex'), ip: Buffer.from([10, 9, 0, 2]) },
};
const other = (side: Side): Side => (side === 'client' ? 'server' : 'client');
const flags = { fin: 1, syn: 2, push: 8, ack: 16 };

export const hex = (digits: string): Buffer => Buffer.from(digits.replace(/\s/g, ''), 'hex');
export const bytes = (...parts: Part[]): Buffer => Buffer.concat(parts.map((part) => Buffer.from(part)));
export const be16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);
export const be32 = (value: number): Buffer => bytes(be16(value >>> 16), be16(value & 0xffff));
export const be64 = (value: number): Buffer => bytes(be32(Math.floor(value / 2 ** 32)), be32(value >>> 0));
export const le32 = (value: number): Buffer => Buffer.from(be32(value)).reverse();

/** RFC 1071. */
export function checksum(data: Buffer): Buffer {
  let sum = 0;
  for (let at = 0; at < data.length; at += 2) sum += ((data[at] ?? 0) << 8) | (data[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return be16(~sum & 0xffff);
}

const withChecksum = (data: Buffer, at: number, over: Buffer): Buffer =>
  bytes(data.subarray(0, at), checksum(over), data.subarray(at + 2));

/** A capture that grows by what its conversations say. */
export class Capture {
  private frames: Buffer[] = [];
  private clientPort = 40_000;

  /** A TCP connection, its handshake done. */
  tcp(port: number): TcpConversation {
    return new TcpConversation(this, this.clientPort++, port);
  }

  /** One datagram of either side; `clientPort` joins those that belong together. */
  udp(from: Side, port: number, body: Buffer, clientPort = 40_000): void {
    const ports = from === 'client' ? [clientPort, port] : [port, clientPort];
    const header = bytes(be16(ports[0] ?? 0), be16(ports[1] ?? 0), be16(8 + body.length), '\0\0');
    this.ip(from, 17, bytes(header, body), 6);
  }

  /** An IPv4 packet; its payload's checksum goes to `checksumAt`. */
  ip(from: Side, proto: number, payload: Buffer, checksumAt: number): void {
    const [source, target] = [ends[from], ends[other(from)]];
    const pseudo = bytes(source.ip, target.ip, Buffer.from([0, proto]), be16(payload.length), payload);
    const body = withChecksum(payload, checksumAt, pseudo);
    const head = bytes(hex('4500'), be16(20 + body.length), be16(this.frames.length + 1), hex('4000 40'));
    const header = bytes(head, Buffer.from([proto]), hex('0000'), source.ip, target.ip);
    const packet = bytes(withChecksum(header, 10, header), body);
    this.frames.push(bytes(target.mac, source.mac, hex('0800'), packet));
  }

  /** The whole file: pcap, microseconds, Ethernet. */
  file(): Buffer {
    const header = bytes(hex('d4c3b2a1 02000400'), le32(0), le32(0), le32(262_144), le32(1));
    const records = this.frames.map((frame, index) =>
      bytes(le32(FIRST_SECOND), le32(index * STEP_US), le32(frame.length), le32(frame.length), frame),
    );
    return bytes(header, ...records);
  }
}

/** Each side's sentences arrive as segments, each acknowledged at once. */
class TcpConversation {
  private next: Record<Side, number> = { client: 1000, server: 5000 };
  private readonly capture: Capture;
  private readonly clientPort: number;
  private readonly port: number;

  constructor(capture: Capture, clientPort: number, port: number) {
    this.capture = capture;
    this.clientPort = clientPort;
    this.port = port;
    this.segment('client', flags.syn);
    this.segment('server', flags.syn | flags.ack);
    this.segment('client', flags.ack);
  }

  client(...parts: Part[]): this {
    return this.say('client', bytes(...parts));
  }
  server(...parts: Part[]): this {
    return this.say('server', bytes(...parts));
  }

  end(): void {
    this.segment('client', flags.fin | flags.ack);
    this.segment('server', flags.fin | flags.ack);
    this.segment('client', flags.ack);
  }

  private say(side: Side, data: Buffer): this {
    for (let at = 0; at < data.length; at += MSS) {
      this.segment(side, flags.push | flags.ack, data.subarray(at, at + MSS));
      this.segment(other(side), flags.ack);
    }
    return this;
  }

  private segment(side: Side, flag: number, data: Buffer = Buffer.alloc(0)): void {
    const ports = side === 'client' ? [this.clientPort, this.port] : [this.port, this.clientPort];
    const acknowledged = flag & flags.ack ? this.next[other(side)] : 0;
    const syn = (flag & flags.syn) !== 0;
    const header = bytes(
      be16(ports[0] ?? 0),
      be16(ports[1] ?? 0),
      be32(this.next[side]),
      be32(acknowledged),
      Buffer.from([syn ? 0x60 : 0x50, flag]),
      hex('ffff 0000 0000'),
      syn ? hex('020405b4') : '', // the largest segment
    );
    this.capture.ip(side, 6, bytes(header, data), 16);
    this.next[side] += data.length + (flag & (flags.syn | flags.fin) ? 1 : 0);
  }
}
