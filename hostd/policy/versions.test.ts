import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ManualClock } from '../base/clock.ts';
import { VmoatError } from '../base/errors.ts';
import { withBase } from './base-version.ts';
import type { Edit } from './document/edits.ts';
import { FileStore, hashOf } from './store/file-store.ts';
import { type NewVersion, type PolicyNews, Versions } from './versions.ts';

const root = mkdtempSync(join(tmpdir(), 'hos-versions-'));
after(() => rmSync(root, { recursive: true }));
let folders = 0;
const T0 = Date.parse('2026-11-20T12:00:00Z');

const text = (...ids: string[]): string =>
  `version: vmoat/v1\nrules:\n${ids.map((id) => `  - { id: ${id}, from: any, to: host, action: deny }\n`).join('')}`;

const by = { author: 'ann', reason: '' };

let boots = 0;
/** Every start is one in a boot of its own, unless it is given another start's. */
async function setUp(folder = join(root, String(++folders)), now = T0, boot = `boot ${++boots}`) {
  const clock = new ManualClock(now);
  const wall = { jump_ms: 0 };
  const news: PolicyNews[] = [];
  let lives = 0;
  const versions = await Versions.open({
    store: await FileStore.open(folder),
    clock,
    moment: () => ({ wall_ms: clock.now() + wall.jump_ms, boot, uptime_ms: clock.now() - T0 + 1e6 }),
  });
  versions.listen({
    onLive: () => lives++,
    onNews: (what) => news.push(what),
    check: ({ document }) => {
      if (document.rules.some(({ id }) => id === 'refused'))
        throw new VmoatError('policy_bad_value', 'refused by the evaluator');
    },
  });
  const apply = (body: string, more: Partial<NewVersion> = {}) =>
    versions.apply({ text: body, author: 'ann', reason: '', source: null, confirmWithin_ms: null, ...more });
  return { folder, clock, wall, boot, news, versions, apply, lives: () => lives };
}

/** Lets what the clock started come to its end: this waits behind it, and does nothing. */
const settled = async (versions: Versions): Promise<void> => {
  const nothing = (): never => {
    throw new Error('nothing to do');
  };
  await versions.edit(nothing, { author: '', reason: '' }).catch(() => undefined);
};

test('a version goes live, is numbered, and is there after a restart', async () => {
  const { folder, versions, apply, news, lives } = await setUp();
  assert.equal(versions.live.version, null);
  const info = await apply(text('a', 'b'), { reason: 'first' });
  assert.deepEqual([info.version, info.author, info.reason, info.rules], [1, 'ann', 'first', 2]);
  assert.deepEqual(
    [...versions.ruleNumbers],
    [
      ['a', 1],
      ['b', 2],
    ],
  );
  assert.deepEqual(
    news.map(({ kind }) => kind),
    ['applied'],
  );
  assert.equal(lives(), 1);
  const again = await setUp(folder);
  assert.equal(again.versions.live.version, 1);
  assert.equal(again.versions.live.text, text('a', 'b'));
});

test('numbers of rules stay theirs, also when they were gone', async () => {
  const { versions, apply } = await setUp();
  await apply(text('a', 'b'));
  await apply(text('c'), { base: 1 });
  await apply(text('b', 'd', 'a'), { base: 2 });
  assert.deepEqual(
    [...versions.ruleNumbers],
    [
      ['a', 1],
      ['b', 2],
      ['c', 3],
      ['d', 4],
    ],
  );
});

test('what is wrong changes nothing', async () => {
  const { versions, apply } = await setUp();
  await apply(text('a'));
  await assert.rejects(apply('version: vmoat/v9', { base: 1 }), { code: 'policy_bad_value' });
  await assert.rejects(apply(text('refused'), { base: 1 }), { code: 'policy_bad_value' });
  assert.deepEqual([versions.live.version, versions.list.length], [1, 1]);
});

test('the same text makes no version', async () => {
  const { versions, apply } = await setUp();
  await apply(text('a'));
  assert.equal((await apply(text('a'), { base: 1 })).version, 1);
  assert.equal(versions.list.length, 1);
});

test('two at once: the second is told what changed, and nothing is lost', async () => {
  const { versions, apply } = await setUp();
  await apply(text('a'));
  const [ann, bob] = await Promise.allSettled([
    apply(text('a', 'anns'), { base: 1, reason: 'for ann' }),
    apply(text('a', 'bobs'), { base: 1, author: 'bob' }),
  ]);
  assert.equal(ann.status, 'fulfilled');
  assert.equal(bob.status, 'rejected');
  const { code, message, hint } = bob.reason as VmoatError;
  assert.equal(code, 'policy_conflict');
  assert.match(message, /version 2 by ann: for ann is live, the policy is based on 1/);
  assert.match(hint ?? '', /^changed since:\n\+ rule anns$/);
  assert.equal(versions.live.text, text('a', 'anns'));
  await apply(text('a', 'anns', 'bobs'), { base: 2, author: 'bob' });
  assert.equal(await versions.text(2), text('a', 'anns'));
});

test('the base is named by an export, or the file is that of the live version; else it must be said', async () => {
  const { versions, apply } = await setUp();
  await apply(text('a'), { source: '/ann.yaml' });
  await assert.rejects(apply(text('b'), { source: '/bob.yaml' }), { code: 'policy_base_missing' });
  await assert.rejects(apply(text('b')), { code: 'policy_base_missing' });
  assert.equal((await apply(text('b'), { source: '/ann.yaml' })).version, 2);
  await assert.rejects(apply(withBase(text('c'), 1), { source: '/bob.yaml' }), { code: 'policy_conflict' });
  assert.equal((await apply(withBase(text('c'), 2), { source: '/bob.yaml' })).version, 3);
  assert.equal(versions.live.text, text('c'));
  await assert.rejects(apply(text('d'), { base: 77 }), { code: 'policy_conflict', message: /never was/ });
});

test('without confirmation it is gone, with it it stays', async () => {
  const { versions, apply, clock, news } = await setUp();
  await apply(text('a'));
  await apply(text('b'), { base: 1, confirmWithin_ms: 60_000 });
  await assert.rejects(apply(text('c'), { base: 2 }), { code: 'policy_pending' });
  clock.advance(59_000);
  await assert.rejects(
    settled(versions).then(() => apply(text('c'), { base: 2 })),
    { code: 'policy_pending' },
  );
  clock.advance(2000);
  await settled(versions);
  assert.deepEqual([versions.live.version, versions.info(2).fate], [1, 'unconfirmed']);
  await assert.rejects(versions.confirm('ann'), { code: 'policy_not_pending' });
  await apply(text('c'), { base: 1, confirmWithin_ms: 60_000 });
  await versions.confirm('ann');
  clock.advance(120_000);
  await settled(versions);
  assert.equal(versions.live.version, 3);
  assert.deepEqual(
    news.map(({ kind }) => kind),
    ['applied', 'applied', 'unconfirmed', 'applied', 'confirmed'],
  );
});

test('the first version of all, unconfirmed, leaves no policy', async () => {
  const { versions, apply, clock } = await setUp();
  await apply(text('a'), { confirmWithin_ms: 1000 });
  clock.advance(2000);
  await settled(versions);
  assert.deepEqual([versions.live.version, versions.live.policy.document.rules.length], [null, 0]);
});

for (const [when, offset_ms, live] of [
  ['after its time', 61_000, 1],
  ['before its time', 30_000, 2],
  ['when the clock was set back', -5000, 1],
] as const)
  test(`hostd was away and comes back ${when}`, async () => {
    const { folder, apply, versions } = await setUp();
    await apply(text('a'));
    await apply(text('b'), { base: 1, confirmWithin_ms: 60_000 });
    versions.stop();
    const again = await setUp(folder, T0 + offset_ms);
    assert.equal(again.versions.live.version, live);
    again.clock.advance(60_000);
    await settled(again.versions);
    assert.equal(again.versions.live.version, 1);
  });

for (const jump_ms of [-86_400_000, 86_400_000])
  test(`a wall clock that jumps by ${jump_ms} ms ends nothing, and lifts nothing`, async () => {
    const { folder, apply, versions, clock, wall, boot } = await setUp();
    await apply(text('a'));
    await apply(text('b'), { base: 1, confirmWithin_ms: 60_000 });
    wall.jump_ms = jump_ms;
    clock.advance(50_000);
    await settled(versions);
    assert.equal(versions.live.version, 2);
    versions.stop();
    const again = await setUp(folder, T0 + 55_000, boot);
    again.wall.jump_ms = jump_ms;
    assert.equal(again.versions.live.version, 2);
    again.clock.advance(6_000);
    await settled(again.versions);
    assert.equal(again.versions.live.version, 1);
  });

test('a trial that vmoat-dp ended has ended here, too; another one has not', async () => {
  const { versions, apply, news } = await setUp();
  await apply(text('a'));
  await apply(text('b'), { base: 1, confirmWithin_ms: 60_000 });
  const trial = versions.trial;
  assert.equal(trial?.previous.version, 1);
  await versions.ended('another');
  assert.equal(versions.live.version, 2);
  await versions.ended(trial?.name ?? '');
  assert.deepEqual([versions.live.version, versions.info(2).fate, versions.trial], [1, 'unconfirmed', null]);
  assert.equal(news.at(-1)?.kind, 'unconfirmed');
  await apply(text('c'), { base: 1, confirmWithin_ms: 60_000 });
  const second = versions.trial?.name ?? '';
  await versions.confirm('ann');
  await versions.ended(second);
  assert.equal(versions.live.version, 3);
});

test('rollback makes a version of an old text; a pending one is withdrawn', async () => {
  const { versions, apply } = await setUp();
  await apply(text('a'));
  await apply(text('b'), { base: 1 });
  const bob = { author: 'bob', reason: '', confirmWithin_ms: null };
  assert.equal((await versions.rollback(1, bob)).version, 3);
  assert.deepEqual([versions.live.text, versions.info(3).reason], [text('a'), 'back to version 1']);
  await apply(text('c'), { base: 3, confirmWithin_ms: 1000 });
  await assert.rejects(versions.rollback(1, bob), { code: 'policy_pending' });
  assert.equal(await versions.withdraw(), 3);
  assert.deepEqual([versions.live.version, versions.info(4).fate], [3, 'withdrawn']);
  await assert.rejects(versions.rollback(9, bob), { code: 'policy_version_unknown' });
});

test('a store of before a name was built in opens, with another name for the group of the operator', async () => {
  const old = `version: vmoat/v1
groups:
  - { name: multicast, addresses: [239.1.0.0/16] } # ours
  - name: own-multicast
    addresses: [239.2.0.0/16]
rules:
  - { id: multicast, from: any, to: multicast, action: allow, comment: to multicast }
`;
  const folder = join(root, 'former');
  const store = await FileStore.open(folder);
  const info = {
    version: 1,
    at: T0,
    author: 'ann',
    reason: '',
    base: null,
    source: null,
    sha256: hashOf(old),
  };
  await store.change((state) => {
    state.versions.push({ ...info, bytes: old.length, rules: 1, groups: 2, fate: 'kept', forgets: [] });
    [state.live, state.next] = [1, 2];
    return { answer: null, text: { version: 1, text: old } };
  });
  const { versions, apply } = await setUp(folder);
  const fresh = old
    .replace('name: multicast', 'name: own-multicast-2')
    .replace('to: multicast', 'to: own-multicast-2');
  assert.equal(versions.live.text, fresh);
  assert.equal(await versions.text(1), old);
  await apply(text('a'), { base: 1 });
  assert.deepEqual(
    (await versions.document(1)).groups.map(({ name }) => name),
    ['own-multicast-2', 'own-multicast'],
  );
  await versions.rollback(1, { author: 'bob', reason: '', confirmWithin_ms: null });
  assert.equal(versions.live.text, fresh);
  await assert.rejects(apply(old, { base: 3 }), {
    code: 'policy_bad_value',
    message: /another name: `multicast` is built in/,
  });
});

test('a version that forgets says the same, and a rollback to one before takes it back', async () => {
  const { folder, versions, apply } = await setUp();
  await apply(text('a'), { source: 'a.yaml' });
  const info = await versions.forget({ author: 'ann', reason: 'too much' });
  assert.deepEqual([info.version, info.author, info.reason, info.forgets], [2, 'ann', 'too much', [2]]);
  assert.equal(versions.live.text, text('a'));
  // Whoever knows the text that is live knows what is live.
  await apply(text('a', 'b'), { base: 1 });
  assert.deepEqual([versions.live.version, versions.forgets], [3, [2]]);
  await versions.forget(by);
  assert.deepEqual(versions.forgets, [2, 4]);
  await apply(text('c'), { base: 4, confirmWithin_ms: 1000 });
  assert.deepEqual(versions.forgets, [2, 4]);
  await versions.withdraw();
  assert.equal((await versions.rollback(3, { ...by, confirmWithin_ms: null })).version, 6);
  assert.deepEqual([versions.live.text, versions.forgets], [text('a', 'b'), [2]]);
  await versions.rollback(1, { ...by, confirmWithin_ms: null });
  assert.deepEqual(versions.forgets, []);
  assert.deepEqual((await setUp(folder)).versions.forgets, []);
});

test('an edit is a version that differs in nothing else', async () => {
  const { versions, apply } = await setUp();
  await apply(`# ours\n${text('a')}`);
  const mode: Edit = { verb: 'set', path: [], key: 'defaultMode', value: 'monitor' };
  await versions.edit(() => [mode], { author: 'ann', reason: 'mode' });
  assert.equal(versions.live.text, `# ours\n${text('a')}defaultMode: monitor\n`);
});
