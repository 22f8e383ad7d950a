import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { STATE_BYTES_MAX, StateFile } from './state-file.ts';

let folder: string;
let file: StateFile;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vmoat-state-'));
  file = new StateFile(folder);
});
afterEach(() => rmSync(folder, { recursive: true }));

test('what was written is read, by its owner alone', async () => {
  assert.equal(file.read(), null);
  await file.write('first, äöü');
  await file.write('{"second":2}');
  assert.equal(new StateFile(folder).read(), '{"second":2}');
  assert.equal(statSync(file.path).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(folder), ['state']);
});

test('of texts that come while it writes the newest is on disk when any of them is', async () => {
  const writes = Array.from({ length: 50 }, (_, i) => file.write(`text ${i}`));
  await writes[1];
  assert.equal(file.read(), 'text 49');
  await Promise.all(writes);
  assert.equal(file.read(), 'text 49');
});

test('a write that fails harms neither what is there nor the next one', async () => {
  await file.write('kept');
  await assert.rejects(file.write('x'.repeat(STATE_BYTES_MAX + 1)), /too much to keep/);
  assert.equal(file.read(), 'kept');
  await file.write('next');
  assert.equal(file.read(), 'next');
});

test('what is not as it was written is refused, with the reason', async () => {
  await file.write('{"policy":null}');
  const good = readFileSync(file.path, 'latin1');
  for (const [bytes, reason] of [
    ['', /no state of vmoat-dp/],
    ['root:x:0:0\n', /no state of vmoat-dp/],
    ['x'.repeat(1000), /no state of vmoat-dp/],
    [good.replace('state 1', 'state 2'), /another version of vmoat-dp wrote it/],
    [good.slice(0, -1), /checksum/],
    [`${good} `, /checksum/],
    [good.replace('policy', 'pollcy'), /checksum/],
  ] as const) {
    writeFileSync(file.path, bytes, 'latin1');
    assert.throws(() => file.read(), reason, bytes.slice(0, 40));
  }
});

test('what others may write to, or what is no file, or is too long, is refused', async () => {
  await file.write('text');
  chmodSync(file.path, 0o644);
  assert.throws(() => file.read(), /others than its owner/);
  chmodSync(file.path, 0o600);
  truncateSync(file.path, STATE_BYTES_MAX + 4096);
  assert.throws(() => file.read(), /too many/);
  rmSync(file.path);
  symlinkSync('/etc/passwd', file.path);
  assert.throws(() => file.read(), { code: 'ELOOP' });
  assert.equal(file.setAside(), `${file.path}.refused`);
  assert.equal(existsSync(file.path), false);
});
