// Documentation that can be checked is: generated pages are current, links lead somewhere.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { licencesPage } from './licences.ts';

const pages = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
  encoding: 'utf8',
})
  .split('\n')
  .filter((page) => existsSync(page));

test('docs/licences.md names what is installed', () => {
  assert.equal(
    readFileSync('docs/licences.md', 'utf8'),
    licencesPage(),
    'run: node --import tsx test/docs/licences.ts',
  );
});

test('every link between files of the tree leads to a file', () => {
  const dead = pages.flatMap((page) =>
    [...readFileSync(page, 'utf8').matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g)]
      .map((match) => join(dirname(page), match[1] ?? ''))
      .filter((target) => !existsSync(target))
      .map((target) => `${page} → ${target}`),
  );
  assert.ok(pages.length > 5);
  assert.deepEqual(dead, []);
});
