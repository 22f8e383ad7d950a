import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ManualClock } from './clock.ts';
import { errorCodes } from './error-codes.ts';
import { VmoatError } from './errors.ts';
import { nearest } from './nearest.ts';
import { orderedIds } from './ordered-id.ts';

const root = join(import.meta.url.replace('file://', ''), '../../..');

test('docs/errors.md documents exactly the codes that exist', () => {
  const text = readFileSync(join(root, 'docs/errors.md'), 'utf8');
  const documented = [...text.matchAll(/^\| `(\w+)` \| (\d+|–) \| (.*) \| (.*) \|$/gm)].map((row) =>
    row.slice(1),
  );
  const existing = Object.entries(errorCodes).map(([code, entry]) => [
    code,
    entry.http === 0 ? '–' : String(entry.http),
    entry.means,
    entry.remedy,
  ]);
  assert.deepEqual(documented, existing);
});

test('no code is a phantom: each is used by a source file', () => {
  const sources = readdirSync(join(root, 'hostd'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !file.endsWith('error-codes.ts'))
    .map((file) => readFileSync(join(root, 'hostd', file), 'utf8'))
    .join('\n');
  const unused = Object.keys(errorCodes).filter((code) => !sources.includes(`'${code}'`));
  assert.deepEqual(unused, []);
});

test('an error keeps its code, field, hint and cause', () => {
  const cause = new Error('inner');
  const error = new VmoatError('bad_request', 'limit is 5000', {
    field: 'limit',
    hint: 'at most 1000',
    cause,
  });
  assert.deepEqual(
    [error.code, error.field, error.hint, error.cause],
    ['bad_request', 'limit', 'at most 1000', cause],
  );
  assert.equal(error.http, 400);
  assert.equal(new VmoatError('usage', 'wrong').http, 500);
});

test('nearest finds what was meant and nothing else', () => {
  assert.deepEqual(nearest('retentionDay', ['retentionDays', 'logLevel']), ['retentionDays']);
  assert.deepEqual(nearest('web', ['demo-web-1', 'db']), ['demo-web-1']);
  assert.deepEqual(nearest('zzzzzz', ['retentionDays', 'logLevel']), []);
  assert.equal(nearest('a'.repeat(100_000), ['b'.repeat(100_000)]).length, 0);
});

test('the manual clock runs what falls due, in order', () => {
  const clock = new ManualClock(1000);
  const seen: string[] = [];
  const stop = clock.every(10, () => seen.push(`a${clock.now()}`));
  clock.every(15, () => seen.push(`b${clock.now()}`));
  clock.advance(30);
  stop();
  clock.advance(15);
  assert.deepEqual(seen, ['a1010', 'b1015', 'a1020', 'a1030', 'b1030', 'b1045']);
});

test('ids are in the order of their making, also within a millisecond and over a step back', () => {
  const next = orderedIds();
  const ids = [
    1_763_640_000_000,
    1_763_640_000_000,
    1_763_640_000_000 + 5,
    1_763_640_000_000 - 9999,
    1_763_640_000_000 + 6,
  ].map(next);
  assert.deepEqual([...ids].sort(), ids);
  assert.equal(new Set(ids).size, 5);
});
