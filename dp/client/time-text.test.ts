import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timeText } from './time-text.ts';

const DAY_NS = 86_400_000_000_000n;

test('every day from 1970 to 2262 is the day that Date says', () => {
  for (let day = 0n; day < 106_750n; day++) {
    const ns = day * DAY_NS + (day % 86_400n) * 1_000_000_000n + 123_456_789n;
    const expected = new Date(Number(ns / 1_000_000n)).toISOString().replace('.123Z', '.123456Z');
    assert.equal(timeText(ns), expected);
  }
});

test('times out of range are still RFC 3339', () => {
  assert.equal(timeText(-1n), '1970-01-01T00:00:00.000000Z');
  assert.equal(timeText(-(2n ** 63n)), '1970-01-01T00:00:00.000000Z');
  assert.match(timeText(2n ** 63n - 1n), /^2262-04-11T23:47:16\.\d{6}Z$/);
});
