import assert from 'node:assert/strict';
import { test } from 'node:test';
import { carriedOver, deadlineIn, leftOf, type Moment, moment } from './deadline.ts';

const START: Moment = { wall_ms: 1_000_000, boot: 'one', uptime_ms: 5_000 };
const deadline = deadlineIn(60_000, START);
const later = (ms: number, more: Partial<Moment> = {}): Moment => ({
  ...START,
  wall_ms: START.wall_ms + ms,
  uptime_ms: START.uptime_ms + ms,
  ...more,
});

test('a deadline comes when it was set for', () => {
  assert.equal(leftOf(deadline, START), 60_000);
  assert.equal(leftOf(deadline, later(59_999)), 1);
  assert.equal(leftOf(deadline, later(60_001)), 0);
});

test('the wall clock may jump as it likes', () => {
  assert.equal(leftOf(deadline, later(10_000, { wall_ms: START.wall_ms + 86_400_000 })), 50_000);
  assert.equal(leftOf(deadline, later(10_000, { wall_ms: 0 })), 50_000);
  assert.equal(leftOf(deadline, later(61_000, { wall_ms: 0 })), 0);
});

test('after a reboot the wall clock counts, and one that lost its time lifts nothing', () => {
  const after = (wall_ms: number): Moment => ({ wall_ms, boot: 'two', uptime_ms: 100 });
  assert.equal(leftOf(deadline, after(START.wall_ms + 20_000)), 40_000);
  assert.equal(leftOf(deadline, after(START.wall_ms + 70_000)), 0);
  assert.equal(leftOf(deadline, after(0)), 0);
  const carried = carriedOver(deadline, after(START.wall_ms + 20_000));
  assert.equal(leftOf(carried, { wall_ms: 0, boot: 'two', uptime_ms: 30_100 }), 10_000);
  assert.equal(carriedOver(deadline, START), deadline);
});

test('this host knows its boot', () => {
  const [first, second] = [moment(), moment()];
  assert.equal(first.boot, second.boot);
  assert.match(first.boot, /^[0-9a-f-]{36}$/);
  assert.ok(second.uptime_ms >= first.uptime_ms && first.uptime_ms > 0);
});
