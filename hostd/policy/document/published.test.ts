// What is published of the format says what the program does: JSON Schema, reference, examples.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { lintReference } from '../lint/registry.ts';
import { policyJsonSchema } from './json-schema.ts';
import { parsePolicy } from './parse.ts';
import { policyReference } from './reference.ts';

const root = join(import.meta.url.replace('file://', ''), '../../../..');
const page = readFileSync(join(root, 'docs/policy.md'), 'utf8');

test('packaging/policy.schema.json is made from the schema', () => {
  const published = JSON.parse(readFileSync(join(root, 'packaging/policy.schema.json'), 'utf8'));
  assert.deepEqual(published, policyJsonSchema(), 'run: vmoat policy schema > packaging/policy.schema.json');
});

test('docs/policy.md holds the references made from the schema and from the checks', () => {
  for (const table of [policyReference(), lintReference()])
    assert.ok(page.includes(table), `put this into docs/policy.md:\n${table}`);
});

test('every example of docs/policy.md is a policy', () => {
  const examples = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');
  assert.ok(examples.length >= 2);
  for (const example of examples) assert.deepEqual(parsePolicy(example, 'docs/policy.md').problems, []);
});
