import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPort, type Services, servicesAsked } from './services.ts';

const ECHO = [8 << 8, (8 << 8) | 255] as const;
const asked: [string | undefined, string | undefined, Services][] = [
  [undefined, undefined, {}],
  ['tcp', undefined, { proto: 'tcp' }],
  [undefined, '443', { ports: [443, 443] }],
  ['udp', '53', { proto: 'udp', ports: [53, 53] }],
  [undefined, 'udp/5000-5999', { proto: 'udp', ports: [5000, 5999] }],
  ['tcp', 'tcp/443', { proto: 'tcp', ports: [443, 443] }],
  ['tcp', 'any', { proto: 'tcp', ports: [0, 65_535] }],
  [undefined, 'icmp/8', { proto: 'icmp', ports: ECHO }],
  ['icmp', '8', { proto: 'icmp', ports: ECHO }],
  ['icmp', 'icmp/3/4', { proto: 'icmp', ports: [772, 772] }],
  ['icmpv6', '8', { proto: 'ipv6-icmp', ports: ECHO }],
  ['ipv6-icmp', '8', { proto: 'ipv6-icmp', ports: ECHO }],
  ['ipv6-icmp', 'icmpv6/8', { proto: 'ipv6-icmp', ports: ECHO }],
  [undefined, '2048', { ports: [2048, 2048] }],
  [undefined, 'proto/47', { proto: 'gre', ports: [0, 65_535] }],
];

for (const [proto, port, services] of asked)
  test(`proto ${proto} and port ${port}`, () => {
    assert.deepEqual(servicesAsked({ proto, port }), services);
  });

test('what contradicts itself is refused', () => {
  for (const [proto, port] of [
    ['udp', 'tcp/443'],
    ['icmp', '256'],
    ['icmpv6', 'icmp/8'],
  ])
    assert.throws(() => servicesAsked({ proto, port }), { code: 'bad_request' }, port);
});

test('what is a port', () => {
  for (const text of ['0', '65535', 'icmp', 'icmp/8', 'sctp/1-2']) assert.ok(isPort(text), text);
  for (const text of ['', '65536', '-1', '1-2', 'http', 'tcp/65536', 'icmp/256', 'icmp/8/0/1'])
    assert.ok(!isPort(text), text);
});
