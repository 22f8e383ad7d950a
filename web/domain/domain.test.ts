import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applicationName, colourOf, isApplication, tintOf } from './application.ts';
import { nodeIdOf } from './ends.ts';
import { agoText, spanText } from './moment.ts';
import { portName, socketText } from './port.ts';
import { bytesText, countText, plural, rateText } from './quantity.ts';
import { Series, seriesMax, sum } from './series.ts';
import { visible } from './visible.ts';

test('an application keeps its colour, whatever wraps it', () => {
  assert.deepEqual(tintOf('tls/http'), tintOf('http'));
  assert.notEqual(tintOf('http').hue, tintOf('redis').hue);
  assert.deepEqual(tintOf('never-heard-of'), tintOf('never-heard-of'));
  assert.deepEqual(tintOf(null), tintOf('unknown'));
  assert.match(colourOf('dns', 'dark', 0.5), /^oklch\(0\.74 .* \/ 0\.5\)$/);
});

test('a filter names any layer of an application', () => {
  assert.ok(isApplication('http/elasticsearch', 'http'));
  assert.ok(isApplication('http/elasticsearch', 'elasticsearch'));
  assert.ok(!isApplication('http2', 'http'));
  assert.ok(isApplication(undefined, 'unknown'));
  assert.equal(applicationName(null), 'unknown');
});

test('quantities have three figures', () => {
  assert.equal(bytesText(0), '0 B');
  assert.equal(bytesText(999), '999 B');
  assert.equal(bytesText(1250), '1.25 kB');
  assert.equal(bytesText(999_600), '1.00 MB');
  assert.equal(bytesText(3.2e15), '3.20 PB');
  assert.equal(rateText(1_250_000), '10.0 Mbit/s');
  assert.equal(countText(12_345), '12.3k');
  assert.equal(plural(1, 'peer'), '1 peer');
  assert.equal(plural(0, 'peer'), '0 peers');
});

test('spans read as people say them', () => {
  assert.equal(spanText(420), '420 ms');
  assert.equal(spanText(12_000), '12 s');
  assert.equal(spanText(3_600_000 * 3), '3 h');
  assert.equal(agoText('2026-01-01T00:00:00Z', Date.parse('2026-01-01T00:00:01Z')), 'just now');
  assert.equal(agoText('2026-01-01T00:00:00Z', Date.parse('2026-01-01T00:02:00Z')), '2 min ago');
  assert.equal(agoText('nonsense', 0), '–');
});

test('ends are written as nodes and sockets', () => {
  assert.equal(nodeIdOf({ kind: 'vm', id: 'uuid' }), 'uuid');
  assert.equal(nodeIdOf({ kind: 'host', id: 'host' }), 'host');
  assert.equal(nodeIdOf({ kind: 'network', id: 'host' }), 'network:host');
  assert.equal(socketText('tcp', '10.0.0.1', 80), '10.0.0.1:80');
  assert.equal(socketText('udp', '2001:db8::1', 53), '[2001:db8::1]:53');
  assert.equal(socketText('icmp', '10.0.0.1', 2048), '10.0.0.1');
  assert.equal(portName('tcp', 80), 'tcp/80');
  assert.equal(portName('gre', 0), 'gre');
  assert.equal(portName('icmp', 8 << 8), 'icmp echo');
  assert.equal(portName('ipv6-icmp', 135 << 8), 'icmp6 neighbour solicit');
  assert.equal(portName('ipv6-icmp', 200 << 8), 'icmp6 200');
});

test('a series is bounded and takes each moment once', () => {
  const series = new Series();
  for (let time = 1; time <= seriesMax + 20; time++) series.add(time, time, 0);
  series.add(5, 99, 99);
  const { times, toServer } = series.points();
  assert.equal(times.length, seriesMax);
  assert.equal(times[0], 21);
  assert.equal(toServer.at(-1), seriesMax + 20);
});

test('series add up over the union of their times', () => {
  const total = sum([
    { times: [1, 2], toServer: [10, 20], toClient: [1, 2] },
    { times: [2, 3], toServer: [5, 6], toClient: [0, 0] },
  ]);
  assert.deepEqual(total, { times: [1, 2, 3], toServer: [10, 25, 6], toClient: [1, 2, 0] });
});

test('what would hide or turn text round is shown as an escape', () => {
  assert.equal(visible('a\u001b[2J\u202eb\u0000ü€'), 'a\\u{1b}[2J\\u{202e}b\\u{0}ü€');
});
