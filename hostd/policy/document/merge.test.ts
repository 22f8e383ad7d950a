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
const given = (text: string) => ({ text, document: read(text) });

test('what is new comes last, what bears the same name is replaced, all the rest stays', () => {
  const added = given(
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
  assert.equal(merged(TEXT, { text: TEXT, document: read(TEXT) }), TEXT);
});

test('what is new comes with its comments, of what has changed only the words that have', () => {
  const live = `version: vmoat/v1
groups:
  - name: web     # the front
    match: [ { name: {prefix: 'web-'} } ]
    mode: learn   # for now
rules:
- { id: a, from: any, to: web, action: allow }
# the end
`;
  const given = `# mine
version: vmoat/v1
groups:
    - name: web
      match: [{ name: { prefix: web- } }]
      mode: monitor
rules:
    # known
    - { id: a, from: any, to: web, action: deny }

    # why b
    - id: b   # of db
      from: db
      to: web
      comment: |
        two
          lines

    - { id: c, from: web, to: db, action: deny } # c
    # never seen
exports:
  - { name: x, cron: "0 0 * * *", what: rules, format: csv, to: /srv } # nightly
`.replace('lines\n', 'lines\n      action: allow\n');
  const { document } = readPolicy(given, 'p', ['db', 'web']);
  assert.equal(
    merged(live, { text: given, document }),
    live
      .replace('mode: learn ', 'mode: monitor ')
      .replace('action: allow }', 'action: deny }')
      .replace(
        '# the end\n',
        `# why b
- id: b   # of db
  from: db
  to: web
  comment: |
    two
      lines
  action: allow
- { id: c, from: web, to: db, action: deny } # c
# the end
exports:
  - { name: x, cron: "0 0 * * *", what: rules, format: csv, to: /srv } # nightly
`,
      ),
  );
});
