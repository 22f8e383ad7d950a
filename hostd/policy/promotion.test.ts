import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PromotionFacts, promotionOf } from './promotion.ts';

const HOUR_MS = 3_600_000;
const NOW = Date.parse('2026-11-20T12:00:00Z');
const hours = (count: number): number[] => Array.from({ length: count }, (_, i) => NOW - (i + 1) * HOUR_MS);

const quiet = (change: Partial<PromotionFacts> = {}): PromotionFacts => ({
  mode: 'learn',
  since: NOW - 200 * HOUR_MS,
  learned: NOW - 80 * HOUR_MS,
  violated: null,
  members: 5,
  membersSeen: 5,
  hours: hours(168),
  now: NOW,
  ...change,
});
const promote = { monitorAfter: '72h', protectAfter: '7d' };

test('learn becomes monitor when nothing new was learned for long enough', () => {
  assert.deepEqual(promotionOf(promote, quiet()), { to: 'monitor', at: NOW - 8 * HOUR_MS, missing: [] });
  assert.equal(promotionOf(promote, quiet({ learned: NOW - HOUR_MS }))?.at, NOW + 71 * HOUR_MS);
  assert.equal(promotionOf(promote, quiet({ learned: null, since: NOW }))?.at, NOW + 72 * HOUR_MS);
});

test('monitor becomes protect when nothing was violated for long enough', () => {
  const facts = quiet({ mode: 'monitor', violated: NOW - 170 * HOUR_MS });
  assert.deepEqual(promotionOf(promote, facts), { to: 'protect', at: NOW - 2 * HOUR_MS, missing: [] });
  assert.equal(promotionOf({ monitorAfter: '72h' }, facts), null);
  assert.equal(promotionOf(promote, quiet({ mode: 'protect' })), null);
  assert.equal(promotionOf(undefined, quiet()), null);
});

test('quiet means nothing where too little was seen, and what is missing is said', () => {
  const missing = (change: Partial<PromotionFacts>) => promotionOf(promote, quiet(change))?.missing;
  assert.deepEqual(missing({ hours: hours(20) }), ['traffic was seen in 20 of the last 72 hours']);
  assert.deepEqual(missing({ membersSeen: 3 }), ['3 of its 5 VMs were seen']);
  assert.deepEqual(missing({ members: 0, membersSeen: 0 }), ['it has no members']);
  const week = {
    mode: 'monitor',
    hours: hours(168).filter((hour) => new Date(hour).getUTCDay() !== 0),
  } as const;
  assert.deepEqual(missing(week), ['only 6 days of the week were seen']);
});
