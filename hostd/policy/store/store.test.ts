import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { FileStore, hashOf } from './file-store.ts';
import { migrated } from './migrations.ts';
import type { PolicyState, VersionInfo } from './state.ts';

const root = mkdtempSync(join(tmpdir(), 'hos-store-'));
after(() => rmSync(root, { recursive: true }));
let folders = 0;
const fresh = (): string => join(root, String(++folders));

const info = (version: number, text: string): VersionInfo => ({
  ...{ version, at: 1, author: 'ann', reason: '', base: null, source: null, sha256: hashOf(text) },
  ...{ bytes: text.length, rules: 0, groups: 0, fate: 'kept', forgets: [] },
});

async function write(store: FileStore, version: number, text: string): Promise<void> {
  await store.change((state: PolicyState) => {
    state.versions.push(info(version, text));
    state.live = version;
    state.next = version + 1;
    return { answer: null, text: { version, text } };
  });
}

test('what was acknowledged is there again, private, and nothing else lies about', async () => {
  const folder = fresh();
  const store = await FileStore.open(folder);
  assert.equal(store.state.live, null);
  await write(store, 1, 'one');
  await write(store, 2, 'two');
  const again = await FileStore.open(folder);
  assert.deepEqual(again.state, store.state);
  assert.equal(await again.text(1), 'one');
  assert.deepEqual(readdirSync(folder).sort(), ['policy.json', 'policy.json.last-good', 'versions']);
  for (const file of ['policy.json', 'policy.json.last-good', 'versions/2.yaml'])
    assert.equal(statSync(join(folder, file)).mode & 0o777, 0o600);
  assert.equal(statSync(join(folder, 'versions')).mode & 0o777, 0o700);
});

test('changes wait for each other; one that fails changes nothing', async () => {
  const folder = fresh();
  const store = await FileStore.open(folder);
  await Promise.all([1, 2, 3, 4].map((version) => write(store, version, `text ${version}`)));
  assert.deepEqual(
    store.state.versions.map(({ version }) => version),
    [1, 2, 3, 4],
  );
  const failing = store.change(() => {
    throw new Error('no');
  });
  await assert.rejects(failing, /no/);
  rmSync(join(folder, 'versions'), { recursive: true });
  await assert.rejects(write(store, 5, 'five'), { code: 'policy_store_failed' });
  assert.equal(store.state.live, 4);
});

const broken: [name: string, spoil: (folder: string) => void, hint: RegExp][] = [
  [
    'cut off',
    (folder) => spoil(folder, (text) => text.slice(0, 40)),
    /the last good copy is .*policy\.json\.last-good/,
  ],
  ['of no known shape', (folder) => spoil(folder, () => '{"schemaVersion":1}'), /the last good copy is/],
  [
    'newer than the program',
    (folder) => spoil(folder, () => '{"schemaVersion":99}'),
    /the last good copy is/,
  ],
  ['gone', (folder) => rmSync(join(folder, 'policy.json')), /the last good copy is/],
  [
    'broken like its copy',
    (folder) => {
      spoil(folder, () => 'x');
      writeFileSync(join(folder, 'policy.json.last-good'), '');
    },
    /no good copy either/,
  ],
];

function spoil(folder: string, change: (text: string) => string): void {
  const file = join(folder, 'policy.json');
  writeFileSync(file, change(readFileSync(file, 'utf8')));
}

for (const [name, change, hint] of broken)
  test(`a file that is ${name} stops the start, and the hint names the last good copy`, async () => {
    const folder = fresh();
    await write(await FileStore.open(folder), 1, 'one');
    change(folder);
    await assert.rejects(FileStore.open(folder), { code: 'policy_store_broken', hint });
  });

test('the last good copy in its place, and nothing is lost', async () => {
  const folder = fresh();
  const store = await FileStore.open(folder);
  await write(store, 1, 'one');
  writeFileSync(join(folder, 'policy.json'), readFileSync(join(folder, 'policy.json.last-good')));
  assert.deepEqual((await FileStore.open(folder)).state, store.state);
});

test('a text that is not what was written is refused', async () => {
  const folder = fresh();
  const store = await FileStore.open(folder);
  await write(store, 1, 'one');
  writeFileSync(join(folder, 'versions/1.yaml'), 'two');
  await assert.rejects(store.text(1), { code: 'policy_store_broken' });
});

test('an old schema is brought to the newest, step by step', () => {
  const steps = [
    (state: Record<string, unknown>) => ({ ...state, b: 1 }),
    (state: Record<string, unknown>) => ({ ...state, c: state.b }),
  ];
  assert.deepEqual(migrated({ schemaVersion: 1, a: 0 }, steps, 3), { schemaVersion: 3, a: 0, b: 1, c: 1 });
  assert.deepEqual(migrated({ schemaVersion: 3 }, steps, 3), { schemaVersion: 3 });
  for (const wrong of [null, 'x', {}, { schemaVersion: 4 }, { schemaVersion: '1' }])
    assert.throws(() => migrated(wrong, steps, 3));
});
