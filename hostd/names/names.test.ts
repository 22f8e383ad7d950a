import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NameRecord } from '../../dp/client/index.ts';
import type { Clock } from '../base/clock.ts';
import { fitsGlob } from './glob.ts';
import { Names, type NamesOptions } from './names.ts';

const T0 = Date.parse('2026-11-20T12:00:00Z');

function book(options: Partial<NamesOptions> = {}) {
  let time = T0;
  const clock = { now: () => time } as Clock;
  const names = new Names({
    clock,
    keep: true,
    nicAt: (slot) => (slot === 1 ? { tap: 'vnet0', workload: 'web', workloadName: 'web-1' } : undefined),
    segmentName: String,
    ...options,
  });
  const found = (...of: Parameters<Names['find']>) => names.find(...of).names.map(({ name }) => name);
  const pass = (ms: number): void => {
    time += ms;
  };
  return { names, all: () => found({}, null, 1000), pass };
}

const record = (name: string, fields: Partial<NameRecord> = {}): NameRecord => ({
  name,
  address: '192.0.2.1',
  server: '10.0.0.53',
  slot: 1,
  segment: 1,
  ttl: 60,
  seenMs: T0,
  untilMs: T0 + 90_000,
  gone: false,
  ...fields,
});

test('a name counts until its time is over, or dp says that it is gone', () => {
  const { names, all, pass } = book();
  names.take([record('a'), record('b'), record('c', { untilMs: T0 + 200_000 })]);
  assert.deepEqual(all(), ['c', 'b', 'a']);
  names.take([record('b', { gone: true })]);
  assert.deepEqual(all(), ['c', 'a']);
  pass(90_000);
  assert.deepEqual(all(), ['c']);
  assert.equal(names.size, 2);
  names.expire();
  assert.equal(names.size, 1);
});

test('the same again counts for longer and keeps its place; another NIC, address or segment is another', () => {
  const { names, all, pass } = book();
  names.take([record('a'), record('b')]);
  names.take([record('a', { untilMs: T0 + 500_000, seenMs: T0 + 60_000 })]);
  assert.deepEqual(all(), ['b', 'a']);
  names.take([record('a', { slot: 2 }), record('a', { address: '::1' }), record('a', { segment: 2 })]);
  assert.equal(all().length, 5);
  pass(100_000);
  assert.deepEqual(all(), ['a']);
});

test('bounded: whoever was told longest ago goes, counted', () => {
  const { names, all } = book({ max: 2 });
  names.take([record('a'), record('b'), record('a'), record('c')]);
  assert.deepEqual(all(), ['c', 'a']);
  assert.deepEqual(names.lost, { namesKept: 1 });
});

test('another instance of vmoat-dp begins anew, the same one goes on', () => {
  const { names, all } = book();
  names.connected('one');
  names.take([record('a')]);
  names.connected('one');
  assert.deepEqual(all(), ['a']);
  names.connected('two');
  assert.deepEqual(all(), []);
});

test('the names of an address, of a few seconds ago at most', () => {
  const { names, pass } = book();
  names.take([record('a'), record('b', { address: '192.0.2.2' }), record('c', { segment: 2 })]);
  assert.deepEqual(names.of('192.0.2.1'), ['a', 'c']);
  assert.deepEqual(names.of('192.0.2.9'), []);
  names.take([record('d', { address: '192.0.2.9', untilMs: T0 + 200_000 })]);
  pass(5000);
  assert.deepEqual(names.of('192.0.2.9'), ['d']);
  pass(90_000);
  assert.deepEqual(names.of('192.0.2.1'), []);
});

test('without facts nothing is kept', () => {
  const { names, all } = book({ keep: false });
  names.take([record('a')]);
  assert.deepEqual(all(), []);
});

test('pages are stable while names come', () => {
  const { names } = book();
  names.take(['a', 'b', 'c', 'd'].map((name) => record(name)));
  const first = names.find({}, null, 2);
  names.take([record('e'), record('a')]);
  const second = names.find({}, first.next, 2);
  assert.deepEqual(
    [first, second].map((page) => page.names.map(({ name }) => name)),
    [
      ['d', 'c'],
      ['b', 'a'],
    ],
  );
  assert.equal(second.next, null);
});

const globs: [pattern: string, name: string, fits: boolean][] = [
  ['*', '', true],
  ['', '', true],
  ['', 'a', false],
  ['a', 'a', true],
  ['a', 'ab', false],
  ['*.example.org', 'www.example.org', true],
  ['*.example.org', 'a.b.example.org', true],
  ['*.example.org', 'example.org', false],
  ['*.example.org', 'www.example.orgs', false],
  ['www.*', 'www.example.org', true],
  ['a*b*c', 'a1b2b3c', true],
  ['a*b*c', 'a1b2c3', false],
  ['?', 'a', true],
  ['?', '', false],
  ['a?c**', 'abc', true],
  ['a.c', 'abc', false],
];
for (const [pattern, name, fits] of globs)
  test(`${JSON.stringify(pattern)} ${fits ? 'fits' : 'does not fit'} ${JSON.stringify(name)}`, () => {
    assert.equal(fitsGlob(pattern, name), fits);
  });

test('a hostile pattern ends', () => {
  assert.equal(fitsGlob(`${'*a'.repeat(100)}*b`, 'a'.repeat(253)), false);
});
