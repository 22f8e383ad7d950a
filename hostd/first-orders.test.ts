import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyOrder } from '../dp/client/index.ts';
import type { Mode } from '../dp/contract/policy.ts';
import { ManualClock } from './base/clock.ts';
import { FirstOrders } from './first-orders.ts';

const order = (generation: number, mode: Mode = 'learn'): PolicyOrder => ({
  ...{ generation, rules: [], nics: [], unknown: [], ends: [] },
  groups: [{ name: 'web', mode, failPolicy: 'open', addresses: [], fqdn: [] }],
});

function setUp(enforces = true) {
  const clock = new ManualClock(0);
  const told: number[] = [];
  return {
    clock,
    told,
    first: new FirstOrders(
      clock,
      ({ generation }) => told.push(generation),
      () => enforces,
    ),
  };
}

test('only the newest of the tables from before libvirt was seen and vmoat-dp told what it knows goes out, and only then', () => {
  for (const [one, other] of [
    ['libvirt', 'vmoat-dp'],
    ['vmoat-dp', 'libvirt'],
  ] as const) {
    const { first, told } = setUp();
    first.give(order(1));
    first.seen(one);
    first.give(order(2));
    assert.deepEqual(told, []);
    first.seen(other);
    first.seen(other);
    first.give(order(3));
    assert.deepEqual(told, [2, 3]);
  }
});

test('where libvirt does not answer they go out after a while', () => {
  const { first, told, clock } = setUp();
  first.give(order(1));
  clock.advance(9_999);
  assert.deepEqual(told, []);
  clock.advance(20_000);
  assert.deepEqual(told, [1]);
});

test('tables that would cut everybody off wait for libvirt, however long; others go out meanwhile', () => {
  const { first, told, clock } = setUp();
  first.give(order(1, 'protect'));
  clock.advance(60_000);
  assert.deepEqual(told, []);
  first.give(order(2));
  first.give(order(3, 'protect'));
  assert.deepEqual(told, [2]);
  first.seen('libvirt');
  assert.deepEqual(told, [2, 3]);
});

test('a vmoat-dp that never tells all it knows does not keep the policy from it', () => {
  const { first, told, clock } = setUp();
  first.give(order(1, 'protect'));
  first.seen('libvirt');
  clock.advance(9_999);
  assert.deepEqual(told, []);
  clock.advance(1);
  assert.deepEqual(told, [1]);
});

test('where vmoat-dp only tells verdicts nobody can be cut off', () => {
  const { first, told, clock } = setUp(false);
  first.give(order(1, 'protect'));
  clock.advance(10_000);
  assert.deepEqual(told, [1]);
});
