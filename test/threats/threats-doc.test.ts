// Holds docs/threats.md to the registry of dp/threats.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { page, threatsPage } from './threats-doc.ts';

test('docs/threats.md is what the registry says', () => {
  assert.equal(
    readFileSync(page, 'utf8'),
    threatsPage(),
    'run: node --import tsx test/threats/threats-doc.ts',
  );
});
