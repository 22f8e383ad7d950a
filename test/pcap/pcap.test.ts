// Runs `vmoat pcap --json` over every recorded case and holds its flows to the case's expect.json.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { builtCapture } from './build.ts';
import { type Expectation, expectationsOf } from './expectation.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));
const subfolders = (path: string): string[] =>
  readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
const cases = subfolders(folder).flatMap((app) =>
  subfolders(join(folder, app)).map((name) => join(app, name)),
);

const seen = expectationsOf(cases.map((name) => join(folder, name, 'capture.pcap')));

for (const [at, name] of cases.entries()) {
  test(`pcap: ${name}`, () => {
    const expected: Expectation = JSON.parse(readFileSync(join(folder, name, 'expect.json'), 'utf8'));
    assert.deepEqual(seen[at], expected);
  });
}

test('pcap: a case that is built has the bytes that its source makes', async () => {
  const built = cases.filter((name) => existsSync(join(folder, name, 'build.ts')));
  assert.notEqual(built.length, 0);
  for (const name of built)
    assert.ok(readFileSync(join(folder, name, 'capture.pcap')).equals(await builtCapture(name)), name);
});

test('pcap: every case says how it was recorded', () => {
  for (const name of cases) {
    const readme = readFileSync(join(folder, name, 'README.md'), 'utf8');
    assert.match(readme, /Recorded|Built/, name);
  }
});

test('pcap: a capture packed by gzip gives the same flows', () => {
  const name = join(folder, 'http/nginx/capture.pcap');
  const zipped = join(tmpdir(), `vmoat-case-${process.pid}.pcap.gz`);
  spawnSync('sh', ['-c', `gzip -c '${name}' > '${zipped}'`]);
  try {
    assert.deepEqual(expectationsOf([zipped]), expectationsOf([name]));
  } finally {
    spawnSync('rm', ['-f', zipped]);
  }
});
