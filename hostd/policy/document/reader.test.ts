import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { VmoatError } from '../../base/errors.ts';
import { parseStrictYaml } from '../../base/strict-yaml.ts';
import { type Edit, edited } from './edits.ts';
import { parsePolicy, readPolicy } from './parse.ts';
import { Reader } from './reader.ts';
import { PolicySchema } from './schema.ts';

const TEXT = `# a comment
version: vmoat/v1
groups:
  - name: web   # behind it
    match: [{ name: { prefix: "web-" } },
            { tag: web }]
  - { name: office,
      addresses: [192.0.2.0/24, "2001:db8::/48"] }
rules:

  - id: a
    from: web
    to: office
    ports:
      - tcp/1
      - tcp/2
    action: allow
  - { id: b, from: any, to: web, action: deny }
`;
const JSON_TEXT = JSON.stringify(
  { version: 'vmoat/v1', rules: [{ id: 'a', from: 'any', to: 'any', ports: ['tcp/1'], action: 'deny' }] },
  null,
  1,
);

for (const [name, text] of [
  ['blocks and flows', TEXT],
  ['JSON', JSON_TEXT],
] as const)
  test(`an outline finds what the whole document finds: ${name}`, () => {
    const codes = {
      syntax: 'policy_syntax',
      unknownKey: 'policy_unknown_key',
      badValue: 'policy_bad_value',
    } as const;
    const format = { schema: PolicySchema, what: 'a policy', bytesMax: 1e6, codes } as const;
    const whole = parseStrictYaml(text, 'p', format);
    assert.ok(whole.data);
    const { places } = readPolicy(text, 'p');
    const paths = pathsOf(whole.given).filter((path) => path.length !== 1);
    assert.ok(paths.length >= 7);
    for (const path of paths) assert.deepEqual(places.of(path), whole.places.of(path), path.join('.'));
    assert.equal(places.named('q').of(['rules', 0, 'id']).file, 'q');
    assert.equal(places.of(['rules', 99, 'id']).line, 1);
  });

function pathsOf(value: unknown, above: (string | number)[] = []): (string | number)[][] {
  if (value === null || typeof value !== 'object') return [above];
  const entries: [string | number, unknown][] = Array.isArray(value)
    ? value.map((item, index) => [index, item])
    : Object.entries(value);
  return [above, ...entries.flatMap(([key, inner]) => pathsOf(inner, [...above, key]))].filter(
    (path) => path.length > 0,
  );
}

const reader = new Reader({ chars_least: 0 });
after(() => reader.stop());
const refusal = async (text: string, by = reader): Promise<VmoatError> => {
  const error = await by.read(text, 'p.yaml').catch((thrown) => thrown);
  assert.ok(error instanceof VmoatError, String(error));
  return error;
};

test('what is read on a thread is what is read at once', async () => {
  const [here, there] = [readPolicy(TEXT, 'p'), await reader.read(TEXT, 'p')];
  assert.deepEqual(there.document, here.document);
  const path = ['rules', 0, 'ports', 1];
  assert.deepEqual(there.places.of(path), here.places.of(path));
});

test('what is edited on a thread is what is edited at once', async () => {
  const edits: Edit[] = [
    { verb: 'set', path: ['groups', 0], key: 'mode', value: 'protect' },
    { verb: 'prepend', section: 'rules', items: [{ id: 'first', from: 'any', to: 'web', action: 'deny' }] },
    { verb: 'append', section: 'groups', items: [{ name: 'new', match: [{ tag: 'new' }] }] },
    { verb: 'remove', section: 'rules', indices: [2] },
  ];
  const there = await reader.edit(TEXT, edits);
  assert.equal(there, edited(TEXT, edits));
  const { groups, rules } = readPolicy(there, 'p').document;
  assert.deepEqual(
    [groups.map(({ mode }) => mode), rules.map(({ id }) => id)],
    [
      ['protect', undefined, undefined],
      ['first', 'a'],
    ],
  );
  assert.match(there, /^# a comment/);
});

test('mistakes come from the thread with their lines', async () => {
  const wrong = TEXT.replace('to: office', 'to: ofice');
  const { message } = await refusal(wrong);
  assert.match(message, /^p\.yaml:13:9: there is no group `ofice` \(did you mean `office`\?\)$/);
  assert.equal(
    message,
    parsePolicy(wrong, 'p.yaml')
      .problems.map(({ message: text }) => `p.yaml:13:9: ${text} (did you mean \`office\`?)`)
      .join(),
  );
});

test('what takes too long is given up, and the next one is read', async () => {
  const hasty = new Reader({ chars_least: 64 * 1024, time_ms_max: 1 });
  const long = `version: vmoat/v1\nrules:\n${'  - { id: a, from: any, to: any, action: allow }\n'.repeat(20_000)}`;
  assert.match((await refusal(long, hasty)).message, /takes longer than 1 ms/);
  assert.equal((await hasty.read(TEXT, 'p')).document.rules.length, 2);
  hasty.stop();
});

test('more than a few waiting are refused', async () => {
  const asked = Array.from({ length: 9 }, () =>
    reader.read(TEXT, 'p').then(
      () => 'read',
      ({ code }) => code,
    ),
  );
  assert.deepEqual(await Promise.all(asked), [...Array(8).fill('read'), 'rate_limited']);
});

test('of very many mistakes a hundred are named', () => {
  const unknown = Array.from(
    { length: 5000 },
    (_, n) => `  - { id: r${n}, from: no, to: any, action: deny }\n`,
  );
  assert.equal(parsePolicy(`version: vmoat/v1\nrules:\n${unknown.join('')}`, 'p').problems.length, 100);
  assert.equal(parsePolicy(`version: vmoat/v1\nrules: [${'}'.repeat(5000)}`, 'p').problems.length, 100);
});
