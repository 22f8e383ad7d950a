import assert from 'node:assert/strict';
import { test } from 'node:test';
import { merged } from './merge.ts';
import { readPolicy } from './parse.ts';

const TEXT = `# ours
version: vmoat/v1
groups:
  - { name: web, match: [{ tag: web }] }   # the web
rules:
  - { id: a, from: any, to: web, action: allow }   # first
  - { id: b, from: any, to: web, action: deny }
`;
const read = (text: string) => readPolicy(text, 'p').document;

test('what is new comes last, what bears the same name is replaced, all the rest stays', () => {
  const added = read(
    'version: vmoat/v1\ndefaultMode: monitor\ngroups: [{ name: db, match: [{ tag: db }] }]\nrules: [{ id: b, from: any, to: db, action: deny }, { id: c, from: db, to: any, action: deny }]\n',
  );
  const text = merged(TEXT, added);
  assert.ok(
    text.startsWith(
      '# ours\nversion: vmoat/v1\ngroups:\n  - { name: web, match: [{ tag: web }] }   # the web\n',
    ),
  );
  assert.match(text, / {2}- \{ id: a, from: any, to: web, action: allow \} {3}# first\n/);
  const { groups, rules, defaultMode } = read(text);
  assert.deepEqual(
    groups.map(({ name }) => name),
    ['web', 'db'],
  );
  assert.deepEqual(
    rules.map(({ id, to }) => [id, to]),
    [
      ['a', 'web'],
      ['b', 'db'],
      ['c', 'any'],
    ],
  );
  assert.equal(defaultMode, 'monitor');
});

test('what is there already changes nothing', () => {
  assert.equal(merged(TEXT, read(TEXT)), TEXT);
});
