import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyOrder } from '../dp/client/index.ts';
import { ManualClock } from './base/clock.ts';
import { FirstOrders } from './first-orders.ts';

const order = (generation: number): PolicyOrder => ({
  ...{ generation, groups: [], rules: [], nics: [], unknown: [], ends: [] },
});

function setUp() {
  const clock = new ManualClock(0);
  const told: number[] = [];
  return { clock, told, first: new FirstOrders(clock, ({ generation }) => told.push(generation)) };
}

test('only the newest of the tables from before libvirt was seen goes out, and only then', () => {
  const { first, told } = setUp();
  first.give(order(1));
  first.give(order(2));
  assert.deepEqual(told, []);
  first.open();
  first.open();
  first.give(order(3));
  assert.deepEqual(told, [2, 3]);
});

test('where libvirt does not answer they go out after a while', () => {
  const { first, told, clock } = setUp();
  first.give(order(1));
  clock.advance(9_999);
  assert.deepEqual(told, []);
  clock.advance(20_000);
  assert.deepEqual(told, [1]);
});
