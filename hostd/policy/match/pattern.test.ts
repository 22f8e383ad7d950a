import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePattern } from './pattern.ts';

const expressions = [
  ...['', 'a', '^web', 'db$', '^web-\\d+$', '^(web|app)-[0-9]{2}$', 'a.c', '[^a-z]', '[a-c-]+$', '(a|b)*c'],
  ...[
    '^$',
    '^a{2,3}$',
    '^a{2,}$',
    '^(?:ab){2}$',
    '[\\d_]x',
    '\\.',
    '^[\\w.-]+$',
    'x?y+',
    '(|a)b',
    '[\\]]',
    '\\S\\s',
  ],
  ...['^(a*)*$', '(a|a)*b', '^(a?){5}a{5}$'],
];
const texts = [
  ...[
    '',
    'a',
    'b',
    'web',
    'web-1',
    'web-12',
    'app-07',
    'my-web-1',
    'prod-db',
    'abc',
    'a\nc',
    'aa',
    'aaa',
    'aaaa',
  ],
  ...['abab', '5x', '_x', 'a.b', 'x y', ']', 'ÄÖ', 'aaaaab', 'aaaaaaaaaa', '-'],
];

for (const source of expressions)
  test(`${JSON.stringify(source)} finds what JavaScript finds`, () => {
    const found = compilePattern(source);
    for (const text of texts) assert.equal(found(text), new RegExp(source, 'u').test(text), text);
  });

const refused = [
  ...['(a', 'a)', '[a', '[]', '*a', 'a**', 'a+?', '^*', 'a{', 'a{1', 'a{3,2}', 'a{1000}', '(?=a)', '(?<n>a)'],
  ...['\\1', '\\b', '\\', '[z-a]', 'a'.repeat(257), '('.repeat(30) + ')'.repeat(30)],
  ...['((((a{100}){100}){100}){100}){100}'],
];
for (const source of refused)
  test(`${JSON.stringify(source.slice(0, 40))} is refused`, () =>
    assert.throws(() => compilePattern(source), SyntaxError));

test('an expression that ruins a backtracking engine is matched at once', () => {
  const found = compilePattern('^(([a-z])+.)+[A-Z]([a-z])+$');
  assert.equal(found('a'.repeat(5000)), false);
  assert.equal(compilePattern('(a*)*(a*)*(a*)*b')('a'.repeat(5000)), false);
});
