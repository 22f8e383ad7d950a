// Holds docs/applications.md and docs/facts.md to the registries of dp/apps.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { applicationsPage, page, root } from './applications-doc.ts';

test('docs/applications.md is what the recognisers say', () => {
  assert.equal(readFileSync(page, 'utf8'), applicationsPage());
});

test('docs/facts.md has every fact and no other', () => {
  const text = readFileSync(join(root, 'docs/facts.md'), 'utf8');
  const rows = text.split('\n').filter((line) => line.startsWith('| `'));
  const cells = rows.map((line) => line.split('|')[1] ?? '').join(' ');
  const documented = [...cells.matchAll(/`([a-z0-9]+\.\w+)`/gi)].map((match) => match[1]);
  const list = readFileSync(join(root, 'dp/apps/fact.cc'), 'utf8');
  const named = [...list.matchAll(/^ +"([a-z0-9]+\.\w+)",$/gim)].map((match) => match[1]);
  assert.deepEqual(documented.sort(), named.sort());
});
