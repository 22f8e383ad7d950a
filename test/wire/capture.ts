// Writes small capture files for tests: DNS over UDP over IPv4 over Ethernet, as the formats' documents say.

const LINKTYPE_ETHERNET = 1;

/** A DNS query for `name` from 10.0.0.`host`, as Ethernet frame without FCS. */
export function dnsQuery(host: number, name: string): Buffer {
  const labels = name
    .split('.')
    .flatMap((label) => [Buffer.from([label.length]), Buffer.from(label, 'latin1')]);
  const question = Buffer.concat([...labels, Buffer.from([0, 0, 1, 0, 1])]);
  const dns = Buffer.concat([Buffer.from([0x12, host, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]), question]);
  const udp = Buffer.alloc(8);
  udp.writeUInt16BE(40_000 + host, 0);
  udp.writeUInt16BE(53, 2);
  udp.writeUInt16BE(8 + dns.length, 4);
  return Buffer.concat([
    Buffer.from([0x52, 0x54, 0, 0, 0, 1, 0x52, 0x54, 0, 0, 0, host, 0x08, 0x00]),
    ipv4(host, udp.length + dns.length),
    udp,
    dns,
  ]);
}

function ipv4(host: number, payloadBytes: number): Buffer {
  const header = Buffer.from([0x45, 0, 0, 0, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, host, 10, 0, 0, 53]);
  header.writeUInt16BE(20 + payloadBytes, 2);
  let sum = 0;
  for (let at = 0; at < header.length; at += 2) sum += header.readUInt16BE(at);
  header.writeUInt16BE(0xffff - ((sum & 0xffff) + (sum >> 16)), 10);
  return header;
}

/** A pcap file with one frame a millisecond from 2026-01-01T00:00:00Z on. */
export function pcap(frames: Buffer[]): Buffer {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(0xa1b2c3d4, 0);
  head.writeUInt16LE(2, 4);
  head.writeUInt16LE(4, 6);
  head.writeUInt32LE(262_144, 16);
  head.writeUInt32LE(LINKTYPE_ETHERNET, 20);
  const records = frames.flatMap((frame, i) => {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(Date.UTC(2026, 0, 1) / 1000, 0);
    record.writeUInt32LE(i * 1000, 4);
    record.writeUInt32LE(frame.length, 8);
    record.writeUInt32LE(frame.length, 12);
    return [record, frame];
  });
  return Buffer.concat([head, ...records]);
}
