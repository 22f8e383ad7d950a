import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VmoatError } from '../../base/errors.ts';
import { beginPanic, endPanic } from './panic.ts';
import type { PanicWorld } from './world.ts';

const NOW = Date.parse('2026-11-20T12:00:00Z');

/** A host whose map, guard and records are variables. */
function setUp(change: Partial<PanicWorld> & { hasGuard?: boolean; seconds?: number } = {}) {
  const { hasGuard = false, seconds = 0, ...other } = change;
  const kept = {
    seconds,
    journal: [] as string[],
    audit: [] as (string | null)[],
    warnings: [] as string[],
    steps: '',
  };
  const world: PanicWorld = {
    isRoot: true,
    isPinned: () => true,
    left: () => kept.seconds,
    panic: (wanted) => {
      kept.steps += 'map ';
      kept.seconds = wanted;
    },
    removeGuard: async () => {
      kept.steps += 'guard ';
      return hasGuard;
    },
    journal: async (text) => void kept.journal.push(text),
    ...other,
  };
  const parts = {
    world,
    now: () => NOW,
    user: 'ann',
    audit: async (until: string | null) => void kept.audit.push(until),
    warn: (text: string) => void kept.warnings.push(text),
  };
  return { kept, parts };
}

const refuses = (code: string, says: RegExp) => (thrown: unknown) =>
  thrown instanceof VmoatError && thrown.code === code && says.test(thrown.message);

test('panic writes the map first, then takes the guard away, and is on record twice', async () => {
  const { kept, parts } = setUp();
  assert.equal(await beginPanic(parts, 900), '2026-11-20T12:15:00.000Z');
  assert.deepEqual([kept.seconds, kept.steps], [900, 'map guard ']);
  assert.deepEqual(kept.audit, ['2026-11-20T12:15:00.000Z']);
  assert.deepEqual(kept.journal, ['panic: all traffic is let pass until 2026-11-20T12:15:00.000Z (by ann)']);
  assert.equal(await endPanic(parts), true);
  assert.deepEqual([kept.seconds, kept.audit.at(-1)], [0, null]);
  assert.equal(await endPanic(parts), false, 'there is none any more');
});

test('what fails besides is said, and keeps nobody from panic', async () => {
  const broken = () => Promise.reject(new Error('broken'));
  const { kept, parts } = setUp({ removeGuard: broken, journal: broken });
  await beginPanic({ ...parts, audit: broken }, 60);
  assert.equal(kept.seconds, 60);
  assert.deepEqual(
    kept.warnings.map((text) => /^the (static guard|journal|audit log).*: broken$/.exec(text)?.[1]),
    ['static guard', 'journal', 'audit log'],
  );
});

test('where nothing is pinned nothing is enforced, and that is said; a guard goes all the same', async () => {
  const bare = setUp({ isPinned: () => false });
  await assert.rejects(beginPanic(bare.parts, 60), refuses('nothing_enforced', /enforces nothing/));
  await assert.rejects(endPanic(bare.parts), refuses('nothing_enforced', /enforces nothing/));
  const guarded = setUp({ isPinned: () => false, hasGuard: true });
  await assert.rejects(beginPanic(guarded.parts, 60), refuses('nothing_enforced', /is removed now/));
  assert.equal(guarded.kept.audit.length, 1, 'the guard that went is on record');
});

test('only root may', async () => {
  const { kept, parts } = setUp({ isRoot: false });
  await assert.rejects(beginPanic(parts, 60), refuses('root_needed', /only root/));
  await assert.rejects(endPanic(parts), refuses('root_needed', /only root/));
  assert.equal(kept.steps, '');
});
