import assert from 'node:assert/strict';
import { test } from 'node:test';
import { edited } from './document/edits.ts';
import { readPolicy } from './document/parse.ts';
import { isIsolated, isolate, release } from './isolation.ts';

const VM = { uuid: '11111111-1111-4111-8111-111111111111', name: 'web-1' };
const TEXT = `version: vmoat/v1
# who is who
groups:
  - name: web # the front
    match: [{ name: { prefix: web- } }]
rules:
  - { id: web-to-web, from: web, to: web, action: allow }
`;
const read = (text: string) => readPolicy(text, 'policy').document;
const isolated = (text: string): string => edited(text, isolate(read(text), VM));
const released = (text: string): string => edited(text, release(read(text), VM));

test('a VM is cut off in front of all rules, and what was there stays, comments too', () => {
  const text = isolated(TEXT);
  const document = read(text);
  assert.equal(isIsolated(document, VM.uuid), true);
  assert.deepEqual(
    document.rules.map(({ from, to, action }) => [from, to, action]),
    [
      [`isolated.${VM.uuid}`, 'any', 'deny'],
      ['any', `isolated.${VM.uuid}`, 'deny'],
      ['web', 'web', 'allow'],
    ],
  );
  assert.deepEqual([document.groups[0]?.mode, document.groups[0]?.match], ['protect', [{ uuid: VM.uuid }]]);
  assert.throws(() => isolated(text), { code: 'name_taken' });
  assert.equal(released(text), TEXT);
});

test('also in a document that says nothing yet', () => {
  const empty = 'version: vmoat/v1\n';
  const text = isolated(empty);
  assert.equal(read(text).rules.length, 2);
  assert.deepEqual(read(released(text)), read(empty));
  assert.throws(() => released(empty), { code: 'not_found' });
});
