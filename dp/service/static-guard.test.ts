import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NicProtection } from '../contract/protocol.ts';
import { StaticGuard, UNTAPPED_MS } from './static-guard.ts';

const nic = (tap: string, state: NicProtection['state']) => ({
  tap,
  protection: { state, enforcer: null, reason: '', failPolicy: 'open' as const, frames: {} },
});

function setUp(...taps: string[]) {
  const done: string[] = [];
  const chains = new Map(taps.map((tap) => [tap, [`of.${tap}`, `to.${tap}`]]));
  const clock = { now_ms: 1_000 };
  let broken = false;
  const table = {
    read: async () => {
      done.push('read');
      if (broken) throw new Error('nft: no');
      return new Map(chains);
    },
    deleteChains: async (names: readonly string[]) => {
      done.push(`delete ${names.join(' ')}`);
      for (const name of names) chains.delete(name.slice(3));
    },
    remove: async () => {
      done.push('remove');
      chains.clear();
    },
  };
  const guard = new StaticGuard(
    table,
    () => undefined,
    () => clock.now_ms,
  );
  const broke = (is: boolean): void => {
    broken = is;
  };
  return { guard, done, chains, clock, broke };
}

test('a tap is released when it waits no more, and the table goes with the last one', async () => {
  const { guard, done } = setUp('vnet0', 'vnet1');
  await guard.heard([nic('vnet0', 'inline'), nic('vnet1', 'waiting')]);
  await guard.heard([nic('vnet0', 'inline'), nic('vnet1', 'off')]);
  assert.deepEqual(done, ['read', 'delete of.vnet0 to.vnet0', 'read', 'remove']);
});

test('the table is read at the start and when links change, not every second', async () => {
  const { guard, done, chains } = setUp();
  for (let i = 0; i < 3; i++) await guard.heard([nic('vnet0', 'off')]);
  assert.deepEqual(done, ['read']);
  chains.set('vnet0', ['of.vnet0']);
  guard.linksChanged();
  for (let i = 0; i < 3; i++) await guard.heard([nic('vnet0', 'off')]);
  assert.deepEqual(done, ['read', 'read', 'remove']);
});

test('a tap that nobody taps is released after a while', async () => {
  const { guard, clock, chains } = setUp('ignored');
  await guard.heard([]);
  clock.now_ms += UNTAPPED_MS - 1;
  await guard.heard([]);
  assert.equal(chains.size, 1);
  clock.now_ms += 1;
  await guard.heard([]);
  assert.equal(chains.size, 0);
});

test('a panic releases everybody, whoever waits', async () => {
  const { guard, chains } = setUp('vnet0');
  guard.panics(true);
  await guard.heard([nic('vnet0', 'waiting')]);
  assert.equal(chains.size, 0);
});

test('where nft fails it is tried again', async () => {
  const { guard, chains, broke } = setUp('vnet0');
  broke(true);
  await guard.heard([nic('vnet0', 'off')]);
  broke(false);
  await guard.heard([nic('vnet0', 'off')]);
  assert.equal(chains.size, 0);
});
