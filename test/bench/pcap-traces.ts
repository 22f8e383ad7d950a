// Generates the capture files of the pcap benchmark: packets as real stacks send them, ordered as on a busy wire.
import { closeSync, openSync, writeSync } from 'node:fs';

const FIN = 1;
const SYN = 2;
const PSH = 8;
const ACK = 16;
const FLUSH_BYTES = 1 << 22;

interface Ends {
  client: number;
  server: number;
  clientPort: number;
  serverPort: number;
}

/** Writes Ethernet frames with IPv4 into a pcap file, one microsecond apart. */
class TraceWriter {
  frames = 0;
  private readonly fd: number;
  private readonly buffer = Buffer.alloc(FLUSH_BYTES + 70_000);
  private at = 0;

  constructor(path: string) {
    this.fd = openSync(path, 'w');
    const header = Buffer.alloc(24);
    header.writeUInt32LE(0xa1b2c3d4, 0);
    header.writeUInt16LE(2, 4);
    header.writeUInt16LE(4, 6);
    header.writeUInt32LE(262_144, 16);
    header.writeUInt32LE(1, 20);
    writeSync(this.fd, header);
  }

  tcp(ends: Ends, toServer: boolean, seq: number, ack: number, flags: number, payload?: Buffer): void {
    const at = this.ip(ends, toServer, 6, 20 + (payload?.length ?? 0));
    const b = this.buffer;
    this.ports(at, ends, toServer);
    b.writeUInt32BE(seq >>> 0, at + 4);
    b.writeUInt32BE(ack >>> 0, at + 8);
    b.writeUInt16BE(0x5000 | flags, at + 12);
    b.writeUInt16BE(65_000, at + 14);
    b.writeUInt32BE(0, at + 16);
    payload?.copy(b, at + 20);
    this.flushIfLarge();
  }

  udp(ends: Ends, toServer: boolean, payload: Buffer): void {
    const at = this.ip(ends, toServer, 17, 8 + payload.length);
    this.ports(at, ends, toServer);
    this.buffer.writeUInt16BE(8 + payload.length, at + 4);
    this.buffer.writeUInt16BE(0, at + 6);
    payload.copy(this.buffer, at + 8);
    this.flushIfLarge();
  }

  close(): void {
    this.flush();
    closeSync(this.fd);
  }

  private ports(at: number, ends: Ends, toServer: boolean): void {
    this.buffer.writeUInt16BE(toServer ? ends.clientPort : ends.serverPort, at);
    this.buffer.writeUInt16BE(toServer ? ends.serverPort : ends.clientPort, at + 2);
  }

  /** Record, Ethernet and IPv4 headers; the offset of what follows. */
  private ip(ends: Ends, toServer: boolean, proto: number, length: number): number {
    const b = this.buffer;
    const size = 34 + length;
    const record = this.at;
    b.writeUInt32LE(1_700_000_000 + Math.floor(this.frames / 1_000_000), record);
    b.writeUInt32LE(this.frames % 1_000_000, record + 4);
    b.writeUInt32LE(size, record + 8);
    b.writeUInt32LE(size, record + 12);
    const at = record + 16;
    b.fill(2, at, at + 12);
    b.writeUInt16BE(0x0800, at + 12);
    b.writeUInt32BE(0x45000000 + 20 + length, at + 14);
    b.writeUInt32BE(0x00004000, at + 18);
    b.writeUInt32BE(0x40000000 | (proto << 16), at + 22);
    b.writeUInt32BE((toServer ? ends.client : ends.server) >>> 0, at + 26);
    b.writeUInt32BE((toServer ? ends.server : ends.client) >>> 0, at + 30);
    this.frames++;
    this.at = at + size;
    return at + 34;
  }

  private flushIfLarge(): void {
    if (this.at >= FLUSH_BYTES) this.flush();
  }

  private flush(): void {
    writeSync(this.fd, this.buffer, 0, this.at);
    this.at = 0;
  }
}

/** Ends that look random but are the same in every run; the clients are all different. */
const endsOf = (n: number, serverPort: number): Ends => ({
  client: 0x0a000000 | (Math.imul(n, 0x9e3779b1) >>> 8),
  server: 0xc0a80001 + (n % 200),
  clientPort: 1024 + (n % 60_000),
  serverPort,
});

const request = Buffer.from(
  'GET /index.html HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n',
);
const response = Buffer.from(
  `HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nContent-Type: text/html\r\nContent-Length: 64\r\n\r\n${'x'.repeat(64)}`,
);
const asked = 1001 + request.length;
const answered = 5001 + response.length;

type Step = (w: TraceWriter, e: Ends) => void;
const opening: Step[] = [
  (w, e) => w.tcp(e, true, 1000, 0, SYN),
  (w, e) => w.tcp(e, false, 5000, 1001, SYN | ACK),
  (w, e) => w.tcp(e, true, 1001, 5001, ACK),
  (w, e) => w.tcp(e, true, 1001, 5001, PSH | ACK, request),
  (w, e) => w.tcp(e, false, 5001, asked, PSH | ACK, response),
];
const closing: Step[] = [
  (w, e) => w.tcp(e, true, asked, answered, ACK),
  (w, e) => w.tcp(e, true, asked, answered, FIN | ACK),
  (w, e) => w.tcp(e, false, answered, asked + 1, FIN | ACK),
  (w, e) => w.tcp(e, true, asked + 1, answered + 1, ACK),
];

const AT_ONCE = 1000;

/** `count` sessions, a thousand of them at a time, step by step. */
function sessions(w: TraceWriter, count: number, steps: readonly Step[]): void {
  for (let first = 0; first < count; first += AT_ONCE)
    for (const step of steps) for (let n = first; n < first + AT_ONCE; n++) step(w, endsOf(n, 80));
}

function smallUdp(w: TraceWriter): void {
  const payload = Buffer.from('00112233445566778899aabbccddeeff0123456789ab', 'hex');
  for (let first = 0; first < 200_000; first += AT_ONCE)
    for (let packet = 0; packet < 10; packet++)
      for (let n = first; n < first + AT_ONCE; n++)
        w.udp(endsOf(n, 20_000 + (n % 7919)), packet % 2 === 0, payload);
}

function bulkHttp(w: TraceWriter): void {
  const downloads = Array.from({ length: 32 }, (_, n) => ({ ends: endsOf(n, 80), seq: 5001 }));
  for (const step of opening.slice(0, 4)) for (const d of downloads) step(w, d.ends);
  const body = Buffer.alloc(1460, 'y');
  const head = Buffer.from(body);
  head.write('HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nContent-Length: 99999999\r\n\r\n');
  for (let packet = 0; packet < 20_000; packet++)
    for (const d of downloads) {
      w.tcp(d.ends, false, d.seq, asked, ACK, packet === 0 ? head : body);
      d.seq += body.length;
      if (packet % 2 === 1) w.tcp(d.ends, true, asked, d.seq, ACK);
    }
}

export interface Trace {
  name: string;
  /** Small packets: here the engine must be six times as quick as its peer. */
  small: boolean;
  /** Sessions that are all open at the end, 0 where memory is not the question. */
  open: number;
  write(w: TraceWriter): void;
}

export const traces: readonly Trace[] = [
  { name: 'udp-small', small: true, open: 0, write: smallUdp },
  { name: 'http-bulk', small: false, open: 0, write: bulkHttp },
  {
    name: 'tcp-short',
    small: true,
    open: 0,
    write: (w) => sessions(w, 1_000_000, [...opening, ...closing]),
  },
  { name: 'tcp-open', small: true, open: 1_000_000, write: (w) => sessions(w, 1_000_000, opening) },
];

/** Writes a trace; its number of frames. */
export function writeTrace(trace: Trace, path: string): number {
  const writer = new TraceWriter(path);
  trace.write(writer);
  writer.close();
  return writer.frames;
}
