import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineCounter, parseDocument } from 'yaml';
import { DataplaneError } from './dataplane-error.ts';
import { applicationsIn, readApplications } from './operator-applications.ts';

function parse(text: string, taken: string[] = []): ReturnType<typeof applicationsIn> {
  const lines = new LineCounter();
  return applicationsIn(parseDocument(text, { lineCounter: lines }), lines, 'a.yaml', taken);
}

test('text and digits become patterns', () => {
  const text = `applications:
  - name: shipping-bus
    transport: [tcp, udp]
    ports: [7800, 7801]
    client: { prefix: "BUS/1", containsHex: "6f ?? 6b", within: 64 }
    server: { contains: "ü" }
  - name: meter
    client: { prefixHex: "42??31" }
`;
  assert.deepEqual(parse(text), [
    {
      name: 'shipping-bus',
      transports: ['tcp', 'udp'],
      ports: [7800, 7801],
      client: [
        { hex: '4255532f31', within: 0 },
        { hex: '6f??6b', within: 64 },
      ],
      server: [{ hex: 'c3bc', within: 256 }],
    },
    { name: 'meter', transports: ['tcp'], ports: [], client: [{ hex: '42??31', within: 0 }], server: [] },
  ]);
  assert.deepEqual(parse('applications:\n'), []);
});

const one = (rest: string): string => `applications:\n  - name: bus\n${rest}`;
const mistakes: [name: string, text: string, expected: RegExp][] = [
  ['no list', 'applications: 7\n', /^a\.yaml:1:15: applications is a list$/],
  ['no mapping', 'applications:\n  - bus\n', /^a\.yaml:2:5: an application is made of name, /],
  ['no name', 'applications:\n  - ports: [1]\n', /^a\.yaml:2:5: name is/],
  ['capitals', 'applications:\n  - name: Bus\n', /^a\.yaml:2:11: name is/],
  ['mistyped key', one('    port: [1]\n'), /^a\.yaml:3:5: port: no such key; nearest is ports$/],
  [
    'mistyped pattern',
    one('    client: { prefx: a }\n'),
    /^a\.yaml:3:15: prefx: no such key; nearest is prefix$/,
  ],
  ['transport', one('    transport: icmp\n'), /^a\.yaml:3:16: transport is tcp, udp, sctp/],
  ['port', one('    ports: [70000]\n'), /^a\.yaml:3:13: a port is a whole number from 1 to 65535$/],
  ['odd digits', one('    client: { prefixHex: "424" }\n'), /^a\.yaml:3:26: prefixHex is pairs/],
  ['digits without quotes', one('    client: { prefixHex: 42 }\n'), /^a\.yaml:3:26: prefixHex is pairs/],
  ['any byte only', one('    client: { prefixHex: "????" }\n'), /^a\.yaml:3:26: prefixHex is pairs/],
  [
    'too long',
    one(`    client: { prefix: ${'x'.repeat(65)} }\n`),
    /^a\.yaml:3:23: prefix is text, 1 to 64 bytes$/,
  ],
  ['empty', one('    client: { prefix: "" }\n'), /^a\.yaml:3:23: prefix is text/],
  ['no pattern', one('    client: { within: 3 }\n'), /^a\.yaml:3:13: client has a prefix/],
  [
    'no room',
    one('    client: { contains: hello, within: 3 }\n'),
    /^a\.yaml:3:13: within 3 there is no room/,
  ],
  ['within', one('    client: { contains: a, within: 257 }\n'), /^a\.yaml:3:36: within is a whole number/],
  ['nothing to go by', one('    ports: [1]\n'), /^a\.yaml:2:5: bus has neither client nor server/],
  [
    'taken',
    one('    client: { prefix: a }\n  - name: http\n'),
    /^a\.yaml:4:11: there is an application http already$/,
  ],
];

for (const [name, text, expected] of mistakes)
  test(`a mistake is named with its line: ${name}`, () => {
    assert.throws(
      () => parse(text, ['', 'http']),
      (error: unknown) =>
        error instanceof DataplaneError && error.code === 'bad_applications' && expected.test(error.message),
    );
  });

test('at most 256', () => {
  const entry = (n: number): string => `  - { name: a${n}, client: { prefix: x } }\n`;
  const text = (count: number): string =>
    `applications:\n${Array.from({ length: count }, (_, n) => entry(n)).join('')}`;
  assert.equal(parse(text(256)).length, 256);
  assert.throws(() => parse(text(257)), /at most 256/);
});

test('a file that cannot be read, and one without applications', () => {
  assert.throws(() => readApplications('/nonexistent/a.yaml', []), /ENOENT/);
  assert.throws(() => readApplications(new URL('operator-applications.ts', import.meta.url).pathname, []), {
    code: 'bad_applications',
  });
});
