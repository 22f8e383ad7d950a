import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { addItem, prependItems, removeItems, replaceItem, setKey } from './edit.ts';

const TEXT = `# ours
version: "vmoat/v1"   # the format

groups:
  # the web servers
  - name: web
    match: [ { name: {prefix: 'web-'} } ]     # odd   spaces
    mode: learn   # for now

  - {  name: db, match: [{ tag: db }] }   # short
# behind the groups
rules:
- id: a
  from: web
  to: db
  action: allow
  comment: |
    two
    lines
# the end
`;

/** Lines of the one text that the other has not, with their sign. */
function changes(before: string, after: string): string[] {
  const [old, fresh] = [before.split('\n'), after.split('\n')];
  return [
    ...old.filter((line) => !fresh.includes(line)).map((line) => `-${line}`),
    ...fresh.filter((line) => !old.includes(line)).map((line) => `+${line}`),
  ];
}

const GROUP = { name: 'new', match: [{ name: { regex: '^x-\\d+$' } }] };

const edits: [name: string, edit: (text: string) => string, expected: string[]][] = [
  [
    'a key that is there',
    (text) => setKey(text, ['groups', 0], 'mode', 'protect'),
    ['-    mode: learn   # for now', '+    mode: protect   # for now'],
  ],
  [
    'a key that is new, in a block',
    (text) => setKey(text, ['groups', 0], 'failPolicy', 'closed'),
    ['+    failPolicy: closed'],
  ],
  [
    'a key that is new, inline',
    (text) => setKey(text, ['groups', 1], 'mode', 'monitor'),
    [
      '-  - {  name: db, match: [{ tag: db }] }   # short',
      '+  - {  name: db, match: [{ tag: db }], mode: monitor }   # short',
    ],
  ],
  [
    'a key behind lines of text',
    (text) => setKey(text, ['rules', 0], 'expires', '2027-01-01'),
    ['+  expires: 2027-01-01'],
  ],
  ['a key of the document', (text) => setKey(text, [], 'defaultMode', 'monitor'), ['+defaultMode: monitor']],
  [
    'an item',
    (text) => addItem(text, 'groups', GROUP),
    ['+  - name: new', '+    match:', '+      - name:', '+          regex: ^x-\\d+$'],
  ],
  ['an item of a list without indentation', (text) => addItem(text, 'rules', { id: 'b' }), ['+- id: b']],
  [
    'an item of a section that is new',
    (text) => addItem(text, 'exports', { name: 'x' }),
    ['+exports:', '+  - name: x'],
  ],
  ['an item in front', (text) => prependItems(text, 'rules', [{ id: 'first' }]), ['+- id: first']],
  [
    'an item instead of another',
    (text) => replaceItem(text, 'groups', 1, { name: 'db', comment: 'x' }),
    ['-  - {  name: db, match: [{ tag: db }] }   # short', '+  - { name: db, comment: x }   # short'],
  ],
];
for (const [name, edit, expected] of edits)
  test(`an edit touches only what it changes: ${name}`, () =>
    assert.deepEqual(changes(TEXT, edit(TEXT)), expected));

const oddTexts = [
  'version: vmoat/v1',
  'version: vmoat/v1\ngroups: []',
  '{ version: vmoat/v1, groups: [] }',
  '{"version":"vmoat/v1","groups":[{"name":"a"}]}',
  'version: vmoat/v1\ngroups:\n',
  'groups:\n- name: a\n-\n  name: b',
];
for (const text of oddTexts)
  test(`an item finds its place in front in ${JSON.stringify(text)}`, () => {
    const before = parse(text);
    const after = { ...before, groups: [GROUP, ...(before.groups ?? [])] };
    assert.deepEqual(parse(prependItems(text, 'groups', [GROUP])), after);
  });

for (const text of oddTexts)
  test(`an item finds its place in ${JSON.stringify(text)}`, () => {
    const before = parse(text);
    const after = { ...before, groups: [...(before.groups ?? []), GROUP] };
    assert.deepEqual(parse(addItem(text, 'groups', GROUP)), after);
  });

test('items that are taken out take their lines with them, and nothing else', () => {
  assert.deepEqual(changes(TEXT, removeItems(TEXT, 'groups', [1])), [
    '-  - {  name: db, match: [{ tag: db }] }   # short',
  ]);
  const rules = 'rules: # all\n  - { id: a }\n  # why b\n  - id: b\n    to: x # y\n  - { id: c }\n# end\n';
  assert.equal(removeItems(rules, 'rules', [0, 1]), 'rules: # all\n  # why b\n  - { id: c }\n# end\n');
});

test('of a list in one line, and of a list that gets empty, the rest stays, too', () => {
  assert.deepEqual(parse(removeItems('rules: [{ id: a }, { id: b }]\nx: 1\n', 'rules', [0])), {
    rules: [{ id: 'b' }],
    x: 1,
  });
  assert.deepEqual(parse(removeItems(TEXT, 'rules', [0])).rules, []);
  assert.match(removeItems(TEXT, 'rules', [0]), /# ours\n.*# the format/);
});
