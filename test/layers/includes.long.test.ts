// Every file of dp includes what it uses: all of it compiles where nothing of the standard library was read before.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('dp compiles without what is precompiled', { timeout: 3_600_000 }, () => {
  for (const [program = '', ...argv] of [
    ['cmake', '-S', 'dp', '--preset', 'plain'],
    ['ninja', '-C', 'build/plain'],
  ]) {
    const { status, stdout } = spawnSync(program, argv, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
    assert.equal(status, 0, stdout);
  }
});
