// Writes the seeds of the frame parsers and of the pipeline to dp/fuzz/corpus: headers built by their
// specifications, frames taken from the recorded cases. Seeds of recognisers are written by fuzz_seeds.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const corpus = join(root, 'dp/fuzz/corpus');
const hex = (digits: string): Buffer => Buffer.from(digits.replace(/\s/g, ''), 'hex');
const be16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);
const join2 = (...parts: (Buffer | string)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? hex(part) : part)));

// Headers, innermost first.
const dns = hex('beef 0100 0001 0000 0000 0000 01 61 00 0001 0001');
const udpOf = (sport: number, dport: number, body: Buffer): Buffer =>
  join2(be16(sport), be16(dport), be16(8 + body.length), '0000', body);
const tcp = hex(
  '9c40 0050 00000001 00000000 a0 02 7210 0000 0000 0204 05b4 0402 080a 00000001 00000000 01 0303 07',
);
const tcpData = join2(
  '9c40 0050 00000002 00000002 50 18 7210 0000 0000',
  Buffer.from('GET / HTTP/1.1\r\n\r\n'),
);
const sctp = hex('9c40 0e38 00000001 00000000 00 03 0014 00000001 0001 0000 0000002e 01000014');
const ipv4Of = (proto: number, body: Buffer, flags = '0000', options = ''): Buffer => {
  const extra = hex(options);
  const words = (0x45 + extra.length / 4).toString(16);
  const length = be16(20 + extra.length + body.length);
  return join2(
    words,
    '00',
    length,
    '1234',
    flags,
    '40',
    Buffer.from([proto]),
    '0000 0a000001 0a000002',
    extra,
    body,
  );
};
const ipv6Of = (next: number, body: Buffer): Buffer => {
  const addresses = '20010db8000000000000000000000001 20010db8000000000000000000000002';
  return join2('60000000', be16(body.length), Buffer.from([next]), '40', addresses, body);
};
const ethernetOf = (type: string, body: Buffer): Buffer => join2('525400000002 525400000001', type, body);
const arp = hex('0001 0800 06 04 0001 525400000001 0a000001 000000000000 0a000002');
const echo = hex('0800 0000 0001 0001 6162636465666768');
const unreachable = join2('0303 0000 00000000', ipv4Of(17, udpOf(40000, 53, dns)));
const solicitation = join2('8700 0000 00000000 20010db8000000000000000000000002 01 01 525400000001');
const advertisement = join2(
  '8600 0000 40 00 0708 00000000 00000000 0304 40 c0 00000e10 00000e10 00000000',
  '20010db8000000000000000000000000',
);
const plain = ipv4Of(17, udpOf(40000, 53, dns));
const frame = ethernetOf('0800', plain);
const vxlan = join2('08 000000 000064 00', frame);
const vxlanGpe = join2('0c 0000 01 000064 00', plain);
const geneve = join2('02 00 6558 000064 00 0102 80 01 00000000', frame);
const gtp = join2('30 ff', be16(plain.length), '00000064', plain);
const gtpExtension = join2('34 ff', be16(plain.length + 8), '00000064 0000 00 85 01 00 00 00', plain);
const teredo = ipv6Of(17, udpOf(40000, 53, dns));
const teredoIndication = join2('0000 63bf f5fffffd', teredo);
const gre = join2('2000 0800 00000064', plain);
const greTeb = join2('2000 6558 00006400', frame);
const grePpp = join2('3081 880b', be16(plain.length + 4), '0001 00000001 00000001 ff03 0021', plain);
const erspanHeader = '1064 0001 00000000';
const erspan = join2('1000 88be 00000001', erspanHeader, frame);
const erspan3 = join2('1000 22eb 00000001 2064 0001 00000000 0000 0000', frame);
const hopByHop = join2('2b 00 0502 0000 0100', '06 00 00 00 00000000', tcp);
const fragment6 = join2('11 00 0001 00000007', udpOf(40000, 53, dns));
const pppoe = join2('11 00 0001', be16(plain.length + 2), '0021', plain);
const cooked = join2('0000 0001 0006 525400000001 0000 0800', plain);
const cooked2 = join2('0800 0000 00000001 0001 00 06 525400000001 0000', plain);

const whole: Record<string, Buffer> = {
  udp: frame,
  tcp: ethernetOf('0800', ipv4Of(6, tcp)),
  options: ethernetOf('0800', ipv4Of(6, tcpData, '4000', '94040000 01010100')),
  fragment: ethernetOf('0800', ipv4Of(17, udpOf(40000, 53, dns), '2000')),
  'ipv6-extensions': ethernetOf('86dd', ipv6Of(0, hopByHop)),
  'ipv6-fragment': ethernetOf('86dd', ipv6Of(44, fragment6)),
  ndp: ethernetOf('86dd', ipv6Of(58, solicitation)),
  arp: ethernetOf('0806', arp),
  qinq: ethernetOf('88a8', join2('0064 8100 00c8 0800', plain)),
  mpls: ethernetOf('8847', join2('00064140', plain)),
  pppoe: ethernetOf('8864', pppoe),
  vxlan: ethernetOf('0800', ipv4Of(17, udpOf(40000, 4789, vxlan))),
  geneve: ethernetOf('0800', ipv4Of(17, udpOf(40000, 6081, geneve))),
  gtp: ethernetOf('0800', ipv4Of(17, udpOf(2152, 2152, gtp))),
  teredo: ethernetOf('0800', ipv4Of(17, udpOf(40000, 3544, teredoIndication))),
  gre: ethernetOf('0800', ipv4Of(47, greTeb)),
  erspan: ethernetOf('0800', ipv4Of(47, erspan)),
  '6in4': ethernetOf('0800', ipv4Of(41, ipv6Of(58, solicitation))),
  sctp: ethernetOf('0800', ipv4Of(132, sctp)),
  'vxlan-in-vxlan': ethernetOf(
    '0800',
    ipv4Of(
      17,
      udpOf(1, 4789, join2('08 000000 000001 00', ethernetOf('0800', ipv4Of(17, udpOf(1, 4789, vxlan))))),
    ),
  ),
};

const headers: Record<string, Record<string, Buffer>> = {
  frame: whole,
  'kernel-differential': whole,
  'frame-raw': { ipv4: plain, ipv6: ipv6Of(6, tcp) },
  'frame-cooked': { ipv4: cooked },
  'header-ethernet': { ethernet2: frame, llc: ethernetOf('0026', join2('aaaa03 000000 0800', plain)) },
  'header-cooked': { ipv4: cooked },
  'header-cooked2': { ipv4: cooked2 },
  'header-null': { ipv4: join2('02000000', plain), ipv6: join2('0000001e', ipv6Of(6, tcp)) },
  'header-vlan': { tag: join2('0064 0800', plain) },
  'header-mpls': { one: join2('00064140', plain), two: join2('00064040 00065140', plain) },
  'header-pppoe': { session: pppoe },
  'header-ppp': { plain: join2('0021', plain), framed: join2('ff03 0021', plain), short: join2('21', plain) },
  'header-arp': { request: arp },
  'header-ipv4': { udp: plain, options: ipv4Of(6, tcp, '0000', '94040000'), later: ipv4Of(17, dns, '0003') },
  'header-ipv6': { tcp: ipv6Of(6, tcp), extensions: ipv6Of(0, hopByHop), fragment: ipv6Of(44, fragment6) },
  'header-tcp': { syn: tcp, data: tcpData },
  'header-udp': { dns: udpOf(40000, 53, dns) },
  'header-sctp': { data: sctp },
  'header-icmp': { echo, unreachable },
  'header-icmpv6': { solicitation, advertisement },
  'header-vxlan': { ethernet: vxlan, gpe: vxlanGpe },
  'header-geneve': { options: geneve },
  'header-gtp': { plain: gtp, extension: gtpExtension },
  'header-teredo': { plain: teredo, indication: teredoIndication },
  'header-gre': { key: gre, teb: greTeb, ppp: grePpp, erspan, erspan3 },
  'header-erspan': { two: join2(erspanHeader, frame), three: join2('2064 0001 00000000 0000 0000', frame) },
  'header-ipip': { ipv4: plain, ipv6: ipv6Of(6, tcp) },
};

/** Frames of a pcap file (little-endian, Ethernet) as the pipeline's input, at most `bytesMax` of it. */
function sequence(file: string, bytesMax: number): Buffer {
  const bytes = readFileSync(file);
  const parts: Buffer[] = [];
  let size = 0;
  for (let at = 24; at + 16 <= bytes.length && size < bytesMax; ) {
    const length = bytes.readUInt32LE(at + 8);
    parts.push(Buffer.from([0, 1]), be16(length), bytes.subarray(at + 16, at + 16 + length));
    size += 4 + length;
    at += 16 + length;
  }
  return Buffer.concat(parts);
}

const subfolders = (path: string): string[] =>
  readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);

function pipelineSeeds(): Record<string, Buffer> {
  const seeds: Record<string, Buffer> = {
    frames: join2(...Object.values(whole).flatMap((bytes) => [hex('0001'), be16(bytes.length), bytes])),
  };
  const cases = join(root, 'test/pcap');
  for (const app of subfolders(cases))
    for (const name of subfolders(join(cases, app)))
      seeds[`${app}-${name}`] = sequence(join(cases, app, name, 'capture.pcap'), 4_000);
  return seeds;
}

for (const [target, seeds] of Object.entries({ ...headers, pipeline: pipelineSeeds() })) {
  const folder = join(corpus, target);
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of Object.entries(seeds)) writeFileSync(join(folder, name), bytes);
}
