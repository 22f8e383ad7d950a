// The numbers of libvirt-domain.h.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMigration, stateOf } from './state.ts';

test('states and reasons', () => {
  const cases: [number, number, string][] = [
    [0, 0, 'running'],
    [1, 5, 'running'],
    [2, 0, 'running'],
    [3, 1, 'paused'],
    [3, 2, 'migrating'],
    [3, 5, 'paused'],
    [3, 10, 'crashed'],
    [3, 11, 'paused'],
    [3, 12, 'migrating'],
    [4, 1, 'running'],
    [5, 1, 'shutoff'],
    [5, 3, 'crashed'],
    [6, 1, 'crashed'],
    [7, 0, 'suspended'],
    [99, 0, 'running'],
  ];
  for (const [state, reason, expected] of cases)
    assert.equal(stateOf(state, reason), expected, `${state} ${reason}`);
  assert.deepEqual([2, 4, 5].map(isMigration), [false, true, true]);
});
