import assert from 'node:assert/strict';
import { test } from 'node:test';
import { policyDiff, renderChange } from './diff.ts';
import { readPolicy } from './parse.ts';

const rule = (id: string, more = ''): string =>
  `  - { id: ${id}, from: any, to: host, action: deny${more} }\n`;
const policy = (head: string, ...rules: string[]) =>
  readPolicy(`version: vmoat/v1\n${head}rules:\n${rules.join('')}`, 'p').document;
const GROUP = 'groups: [{ name: web, match: [{ tag: web }], mode: learn }]\n';

const cases: [string, ReturnType<typeof policy>, ReturnType<typeof policy>, string[]][] = [
  ['nothing', policy(GROUP, rule('a')), policy(GROUP, rule('a')), []],
  [
    'what is new and what is gone',
    policy('', rule('a'), rule('b')),
    policy(GROUP, rule('b'), rule('c')),
    ['+ group web', '+ rule c', '- rule a'],
  ],
  [
    'a field',
    policy(GROUP, rule('a', ', ports: [tcp/1]')),
    policy(GROUP.replace('learn', 'protect'), rule('a', ', ports: [tcp/2], comment: x')),
    ['~ group web: mode "learn" → "protect"', '~ rule a: ports ["tcp/1"] → ["tcp/2"]; comment none → "x"'],
  ],
  [
    'the fewest that moved',
    policy('', rule('a'), rule('b'), rule('c'), rule('d')),
    policy('', rule('d'), rule('a'), rule('b'), rule('c')),
    ['> rule d: moved'],
  ],
  [
    'a key of the document',
    policy('', rule('a')),
    policy('defaultMode: monitor\n', rule('a')),
    ['~ defaultMode: none → "monitor"'],
  ],
];
for (const [name, before, after, expected] of cases)
  test(`the difference: ${name}`, () =>
    assert.deepEqual(policyDiff(before, after).map(renderChange), expected));
