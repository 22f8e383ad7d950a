import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderProblem } from '../../base/text-problem.ts';
import { parsePolicy, readPolicy } from './parse.ts';
import { durationMs } from './words.ts';

const EXAMPLE = `version: vmoat/v1
groups:
  - name: web
    match: [{ name: { prefix: "web-" } }]          # any of the entries
    mode: protect
  - name: db
    match: [{ tag: db }, { name: "postgres-main" }]
    mode: monitor
    failPolicy: closed
    promote: { monitorAfter: 72h, protectAfter: 168h }
  - name: office
    addresses: [192.0.2.0/24, "2001:db8::/48", 198.51.100.1-198.51.100.9]
  - name: mirrors
    fqdn: ["*.debian.org"]
  - { name: host, mode: monitor }
  - { name: "vm.my vm", mode: learn }
rules:
  - id: web-to-db
    from: web
    to: db
    applications: [postgresql]
    ports: [tcp/5432]
    action: allow
    expires: 2027-01-31T00:00:00+01:00
  - { id: no-telnet, from: any, to: "vm:web-1", applications: [telnet], action: deny, comment: "never" }
`;

const problems = (text: string): string[] => parsePolicy(text, 'p.yaml').problems.map(renderProblem);
const inGroups = (entry: string): string[] => problems(`version: vmoat/v1\ngroups:\n  - ${entry}\n`);
const inRules = (entry: string): string[] =>
  problems(`version: vmoat/v1\nrules:\n  - { id: r, from: any, to: any, action: allow, ${entry} }\n`);

test('a document is read as it stands, and knows its lines', () => {
  const { document, places } = readPolicy(EXAMPLE, 'p.yaml');
  assert.deepEqual(
    document.groups.map(({ name, mode }) => [name, mode]),
    [
      ['web', 'protect'],
      ['db', 'monitor'],
      ['office', undefined],
      ['mirrors', undefined],
      ['host', 'monitor'],
      ['vm.my vm', 'learn'],
    ],
  );
  assert.equal(document.rules[1]?.comment, 'never');
  assert.equal(places.of(['rules', 1, 'action']).line, 25);
});

test('JSON is YAML, too', () => {
  const { document } = readPolicy(EXAMPLE, 'p.yaml');
  assert.deepEqual(readPolicy(JSON.stringify(document), 'p.json').document, document);
});

const mistakes: [string, string[]][] = [
  ['', ['p.yaml:1:1: `version` must be one of vmoat/v1']],
  ['version: vmoat/v2', ['p.yaml:1:10: `version` must be one of vmoat/v1']],
  ['version: vmoat/v1\ngroup: []\n', ['p.yaml:2:1: unknown key `group` (did you mean `groups`?)']],
  ['version: vmoat/v1\ngroups: [{ name: a, mtach: [] }]', []],
  ['version: vmoat/v1\ngroups: &a []\nrules: *a\n', ['p.yaml:3:8: aliases are not taken in a policy']],
  ['version: vmoat/v1\nversion: vmoat/v1\n', ['p.yaml:2:1: Map keys must be unique']],
];
for (const [text, expected] of mistakes)
  test(`a mistake in ${JSON.stringify(text)}`, () => {
    if (expected.length) assert.deepEqual(problems(text), expected);
    else
      assert.match(
        problems(text).join('\n'),
        /p\.yaml:2:\d+: unknown key `groups.0.mtach` \(did you mean `match`\?\)/,
      );
  });

const groupMistakes: [string, RegExp][] = [
  ['{ name: a }', /must be given `match`, `addresses` or `fqdn`/],
  ['{ name: any, mode: learn }', /`any` is built in/],
  ['{ name: host, match: [{ tag: x }] }', /`groups.0.match` must be absent/],
  ['{ name: "a:b", match: [{ tag: x }] }', /`groups.0.name` must be a name of letters/],
  ['{ name: a, match: [] }', /`groups.0.match` must be a list of at least 1/],
  ['{ name: a, match: [{}] }', /must be at least one condition/],
  ['{ name: a, match: [{ nam: x }] }', /unknown key `groups.0.match.0.nam` \(did you mean `name`\?\)/],
  [
    '{ name: a, match: [{ name: { prefx: x } }] }',
    /unknown key `groups.0.match.0.name.prefx` \(did you mean `prefix`\?\)/,
  ],
  [
    '{ name: a, match: [{ name: { regex: "(a" } }] }',
    /must be a regular expression of the subset we match: `\(` without `\)`/,
  ],
  ['{ name: a, match: [{ name: 5 }] }', /`groups.0.match.0.name` must be text or a section of keys/],
  ['{ name: a, match: [{ cidr: 10.0.0.0/33 }] }', /must be an address, a CIDR/],
  ['{ name: a, match: [{ cidr: { prefix: "10." } }] }', /unknown key/],
  ['{ name: a, addresses: [10.0.0.9-10.0.0.1] }', /must be an address, a CIDR/],
  ['{ name: a, addresses: [10.0.0.1-fe80::1] }', /must be an address, a CIDR/],
  ['{ name: a, addresses: [10.0.0.0/8], mode: learn }', /`groups.0.mode` must be absent: only groups of VMs/],
  ['{ name: a, addresses: [10.0.0.0/8], match: [{ tag: x }] }', /must be absent: a group is either/],
  ['{ name: a, fqdn: ["a.*.org"] }', /must be a name in lower case/],
  ['{ name: a, match: [{ tag: x }], mode: block }', /must be one of learn, monitor, protect/],
  ['{ name: a, match: [{ tag: x }], promote: { monitorAfter: 3 weeks } }', /must be a duration/],
  [
    '{ name: a, addresses: [10.0.0.0/8], failSafePorts: [tcp/22] }',
    /`groups.0.failSafePorts` must be absent/,
  ],
  ['{ name: a, match: [{ tag: x }], failSafePorts: [22] }', /must be text/],
  ['{ name: a, match: [{ tag: x }], failSafePorts: [tcp/22-23] }', /must be a single port such as tcp\/22/],
  ['{ name: a, match: [{ tag: x }], failSafePorts: [udp/65536] }', /must be a single port/],
  [
    `{ name: a, match: [{ tag: x }], failSafePorts: [${Array(17).fill('tcp/1')}] }`,
    /must be at most 16 items/,
  ],
  ['{ name: a, match: [{ tag: x }], ownAddresses: mine }', /must be one of configured, leased, learned, any/],
  ['{ name: a, match: [{ tag: x }], mayServe: [dns] }', /must be one of dhcp, router/],
  ['{ name: a, match: [{ tag: x }], otherFrames: hold }', /must be one of drop, pass/],
  ['{ name: a, match: [{ tag: x }], opening: { frames: 1025, bytes: 1 } }', /at most 1024/],
  ['{ name: a, match: [{ tag: x }], opening: { frames: 1, bytes: 16777217 } }', /at most 16777216/],
  ['{ name: a, match: [{ tag: x }], opening: { frames: 8 } }', /`groups.0.opening.bytes` must be/],
  [
    '{ name: a, match: [{ tag: x }] }\n  - { name: a, match: [{ tag: y }] }',
    /:4:13: `a` stands already in line 3/,
  ],
];
for (const [entry, expected] of groupMistakes)
  test(`a group ${entry}`, () => assert.match(inGroups(entry).join('\n'), expected));

const ruleMistakes: [string, RegExp][] = [
  ['ports: [tcp/70000]', /`rules.0.ports.0` must be any, tcp/],
  ['ports: [tcp/9-1]', /must be any, tcp/],
  ['ports: [icmp/3/4/5]', /must be any, tcp/],
  ['ports: [proto/256]', /must be any, tcp/],
  ['ports: [tcp/080]', /must be any, tcp/],
  ['applications: [HTTP]', /must be an application such as http/],
  ['expires: tomorrow', /must be a moment as RFC 3339 writes it/],
  ['disabled: yes please', /must be true or false/],
  ['continuous: true', /:\d+:\d+: `rules.0.continuous` must be said of a rule that allows applications/],
  ['aplications: [http]', /unknown key `rules.0.aplications` \(did you mean `applications`\?\)/],
];
for (const [entry, expected] of ruleMistakes)
  test(`a rule with ${entry}`, () => assert.match(inRules(entry).join('\n'), expected));

test('a rule may name only groups that exist', () => {
  const text = `${EXAMPLE}  - { id: x, from: webb, to: "vm:nobody", action: allow }\n`;
  assert.deepEqual(problems(text), ['p.yaml:26:20: there is no group `webb` (did you mean `web`?)']);
});

test('what is too large or too deep is refused, whatever it is', () => {
  assert.match(problems(`#${'x'.repeat(8 * 1024 * 1024)}`).join(), /longer than/);
  assert.match(problems(`version: ${'['.repeat(50_000)}`).join(), /nests deeper|p\.yaml/);
  assert.match(problems(`version: ${'['.repeat(100)}${']'.repeat(100)}`).join(), /nests deeper/);
  assert.ok(problems('a: [\n'.repeat(3000)).length <= 100);
});

test('durations', () => {
  assert.deepEqual(
    ['90s', '30m', '72h', '7d'].map(durationMs),
    [90_000, 1_800_000, 259_200_000, 604_800_000],
  );
});
