import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from '../../topology/address.ts';
import { inRange, parseRange } from './addresses.ts';
import { coversPorts, meetPorts, parsePorts, portRanges } from './ports.ts';

const ports: [string, ReturnType<typeof parsePorts>][] = [
  ['any', { proto: 'any', low: 0, high: 65_535 }],
  ['tcp', { proto: 6, low: 0, high: 65_535 }],
  ['tcp/80', { proto: 6, low: 80, high: 80 }],
  ['udp/5000-5999', { proto: 17, low: 5000, high: 5999 }],
  ['sctp/3868', { proto: 132, low: 3868, high: 3868 }],
  ['icmp', { proto: 1, low: 0, high: 65_535 }],
  ['icmp/8', { proto: 1, low: 0x800, high: 0x8ff }],
  ['icmp/3/4', { proto: 1, low: 0x304, high: 0x304 }],
  ['icmpv6/128', { proto: 58, low: 0x8000, high: 0x80ff }],
  ['proto/47', { proto: 47, low: 0, high: 65_535 }],
  ...[
    '',
    'tcp/',
    'tcp/-',
    'tcp/1-',
    'tcp/2-1',
    'tcp/65536',
    'tcp/1/2',
    'icmp/256',
    'icmp/3/256',
    'icmp/',
    'proto',
  ].map((text): [string, null] => [text, null]),
  ...['proto/256', 'proto/6/80', 'any/1', 'TCP/80', 'gre', 'tcp/1-2-3', 'tcp/ 1', 'toString'].map(
    (text): [string, null] => [text, null],
  ),
];
for (const [text, expected] of ports)
  test(`the ports ${JSON.stringify(text)}`, () => assert.deepEqual(parsePorts(text), expected));

test('which ports cover and meet which', () => {
  const of = (...texts: string[]) => portRanges(texts);
  assert.ok(coversPorts(of(), of('tcp/1')));
  assert.ok(coversPorts(of('tcp/1-9', 'udp'), of('tcp/2', 'udp/53')));
  assert.ok(!coversPorts(of('tcp'), of()));
  assert.ok(!coversPorts(of('tcp/1-9'), of('tcp/9-10')));
  assert.ok(meetPorts(of('tcp/1-9'), of('tcp/9-10')));
  assert.ok(meetPorts(of(), of('proto/47')));
  assert.ok(!meetPorts(of('tcp/1'), of('udp/1')));
});

const ranges: [text: string, inside: string | null, outside: string | null][] = [
  ['192.0.2.7', '192.0.2.7', '192.0.2.8'],
  ['192.0.2.0/24', '192.0.2.255', '192.0.3.0'],
  ['192.0.2.77/24', '192.0.2.1', '192.0.1.255'],
  ['192.0.2.1-192.0.2.9', '192.0.2.9', '192.0.2.10'],
  ['2001:db8::/32', '2001:db8:ffff::1', '2001:db9::'],
  ['::/0', 'fe80::1', '1.2.3.4'],
  ['192.0.2.9-192.0.2.1', null, null],
  ['192.0.2.1-fe80::1', null, null],
  ['192.0.2.0/33', null, null],
  ['fe80::1%eth0', null, null],
  ['example.org', null, null],
  ['', null, null],
];
for (const [text, inside, outside] of ranges)
  test(`the addresses ${JSON.stringify(text)}`, () => {
    const range = parseRange(text);
    const holds = (address: string | null): boolean | null => {
      const parsed = parseAddress(address ?? '');
      return range && parsed && inRange(range, parsed);
    };
    assert.deepEqual([holds(inside), holds(outside)], inside ? [true, false] : [null, null]);
    assert.equal(range === null, inside === null);
  });
