import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPolicy } from '../document/parse.ts';
import type { LiveKnowledge } from './check.ts';
import { lint, renderFinding } from './lint.ts';
import { checks } from './registry.ts';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const HEAD = `version: vmoat/v1
groups:
  - { name: web, match: [{ name: { prefix: web } }] }
  - { name: db, match: [{ tag: db }] }
  - { name: office, addresses: [192.0.2.0/24] }
rules:
`;
const FIRST_LINE = 7;

test('what counts in protect only is said of groups that put nobody there', () => {
  const of = (groups: string): (string | null)[] =>
    lint(readPolicy(`version: vmoat/v1\ngroups:\n${groups}`, 'p.yaml'), NOW).findings.map(
      ({ check, group, line }) => `${check}:${group}:${line}`,
    );
  const match = 'match: [{ tag: a }]';
  const open = `  - { name: a, ${match}, failSafePorts: [tcp/22] }\n`;
  assert.deepEqual(of(open), ['protect-unused:a:3']);
  assert.deepEqual(of(`${open}  - { name: b, ${match}, mode: protect, failPolicy: closed }\n`), []);
  const monitored = `  - { name: c, ${match}, mode: monitor, otherFrames: pass`;
  assert.deepEqual(of(`${monitored} }\n`), ['protect-unused:c:3']);
  assert.deepEqual(of(`${monitored}, promote: { protectAfter: 1h } }\n`), []);
});

/** `check:rule:line of the other rule` of each finding. */
function found(rules: string[], live: LiveKnowledge | null = null): string[] {
  const text = HEAD + rules.map((rule, index) => `  - { id: r${index}, ${rule} }\n`).join('');
  return lint(readPolicy(text, 'p.yaml'), NOW, live).findings.map(
    ({ check, rule, other }) => `${check}:${rule}${other ? `:${other.rule}@${other.line - FIRST_LINE}` : ''}`,
  );
}

const cases: [name: string, rules: string[], expected: string[]][] = [
  [
    'nobody sends from addresses of many',
    [
      'from: multicast, to: web, ports: [udp/5353], action: allow',
      'from: web, to: multicast, ports: [udp/5353], action: allow',
    ],
    ['never-matched:r0'],
  ],
  ['nothing is odd', ['from: web, to: db, ports: [tcp/5432], action: allow'], []],
  [
    'duplicate, whatever the order of its lists',
    [
      'from: web, to: db, ports: [tcp/1, udp/2], action: allow',
      'from: web, to: db, ports: [udp/2, tcp/1], action: allow',
    ],
    ['duplicate:r1:r0@0'],
  ],
  [
    'contradiction',
    ['from: web, to: db, ports: [tcp/1], action: allow', 'from: web, to: db, ports: [tcp/1], action: deny'],
    ['contradiction:r1:r0@0'],
  ],
  [
    'shadowed by a wider group, port range and protocol',
    ['from: any, to: db, ports: [tcp/1-9], action: deny', 'from: web, to: db, ports: [tcp/5], action: allow'],
    ['shadowed:r1:r0@0'],
  ],
  [
    'shadowed by an application whose layers are wider',
    [
      'from: web, to: db, applications: [http], action: deny',
      'from: web, to: db, applications: [http/elasticsearch], ports: [tcp/9200], action: allow',
    ],
    ['shadowed:r1:r0@0'],
  ],
  [
    'an application is not the beginning of another word',
    [
      'from: web, to: db, applications: [http], action: deny',
      'from: web, to: db, applications: [http2], ports: [tcp/9200], action: allow',
    ],
    [],
  ],
  [
    'an allow rule with applications does not take guesses from a deny rule',
    [
      'from: any, to: db, applications: [http, tls], action: allow',
      'from: web, to: db, applications: [http], action: deny',
    ],
    [],
  ],
  [
    'redundant behind a wider one',
    [
      'from: any, to: db, ports: [tcp/1-9], action: allow',
      'from: web, to: db, ports: [tcp/5], action: allow',
    ],
    ['redundant:r1:r0@0'],
  ],
  [
    'redundant before a wider one',
    [
      'from: web, to: db, ports: [tcp/5], action: allow',
      'from: any, to: db, ports: [tcp/1-9], action: allow',
    ],
    ['redundant:r0:r1@1'],
  ],
  [
    'not redundant where a rule between says otherwise',
    [
      'from: web, to: db, ports: [tcp/5], action: allow',
      'from: any, to: db, ports: [tcp/4-6], action: deny',
      'from: any, to: any, ports: [tcp/1-9], action: allow',
    ],
    [],
  ],
  [
    'can be merged',
    [
      'from: web, to: db, ports: [tcp/1], action: allow',
      'from: any, to: db, ports: [udp/9], action: deny',
      'from: web, to: db, ports: [tcp/2], action: allow',
      'from: web, to: db, applications: [dns], ports: [udp/53], action: allow',
      'from: web, to: db, applications: [ntp], ports: [udp/53], action: allow',
    ],
    ['can-be-merged:r2:r0@0', 'can-be-merged:r4:r3@3'],
  ],
  [
    'cannot be merged over a rule that says otherwise',
    [
      'from: web, to: db, ports: [tcp/1], action: allow',
      'from: any, to: db, ports: [tcp/2-3], action: deny',
      'from: web, to: db, ports: [tcp/2-4], action: allow',
    ],
    [],
  ],
  [
    'a disabled rule decides nothing, an expired one is named',
    [
      'from: any, to: any, action: deny, disabled: true',
      'from: web, to: db, ports: [tcp/1], action: allow, expires: "2026-11-20T11:00:00Z"',
      'from: web, to: db, ports: [tcp/1], action: allow',
    ],
    ['never-matched:r1'],
  ],
  [
    'over-permissive',
    [
      'from: any, to: any, ports: [icmp, icmpv6], action: allow',
      'from: external, to: web, ports: [tcp/1-2000], action: allow',
      'from: web, to: db, action: allow',
      'from: any, to: any, action: allow',
    ],
    [
      'redundant:r0:r3@3',
      'redundant:r1:r3@3',
      'over-permissive:r1',
      'redundant:r2:r3@3',
      'over-permissive:r2',
      'over-permissive:r3',
    ],
  ],
  [
    '`vm:` and `vm.` are one group',
    [
      'from: "vm:a", to: db, ports: [tcp/1], action: allow',
      'from: vm.a, to: db, ports: [tcp/1], action: allow',
    ],
    ['duplicate:r1:r0@0'],
  ],
];
for (const [name, rules, expected] of cases)
  test(`lint: ${name}`, () => assert.deepEqual(found(rules), expected));

test('a running hostd knows empty groups and rules without traffic', () => {
  const live: LiveKnowledge = {
    members: (group) => ({ web: 2, db: 0 })[group] ?? null,
    watch: ({ id }) => ({ hasMatched: id === 'r2', watched_ms: id === 'r3' ? 3_600_000 : 100.5 * 3_600_000 }),
  };
  const rules = [
    'from: web, to: db, ports: [tcp/1], action: allow',
    'from: web, to: office, ports: [tcp/1], action: allow',
    'from: office, to: web, ports: [tcp/1], action: allow',
    'from: office, to: web, ports: [udp/5], action: deny',
  ];
  assert.deepEqual(found(rules, live), ['never-matched:r0', 'never-matched:r1']);
  const text = `${HEAD}  - { id: r1, from: web, to: office, ports: [tcp/1], action: allow }\n`;
  const [finding] = lint(readPolicy(text, 'p.yaml'), NOW, live).findings;
  assert.match(finding?.message ?? '', /^has matched nothing in 100 watched hours$/);
});

test('a finding reads as compilers write, with the other line and what to do', () => {
  const text = `${HEAD}  - { id: a, from: any, to: any, action: deny }\n  - { id: b, from: web, to: db, ports: [tcp/1], action: allow }\n`;
  const [finding] = lint(readPolicy(text, 'p.yaml'), NOW).findings;
  assert.ok(finding);
  assert.equal(
    renderFinding(finding),
    'p.yaml:8:11: error: `b`: never decides: `a` (line 7) comes first and says deny of all of it; move it before `a`, or remove it [shadowed]',
  );
});

test('every check has a name of its own', () => {
  assert.equal(new Set(checks.map(({ name }) => name)).size, checks.length);
});

test('many rules between the same groups are compared within bounds', () => {
  const rules = Array.from(
    { length: 3000 },
    (_, n) => `from: web, to: db, ports: [tcp/${n + 1}], action: allow`,
  );
  assert.equal(found(rules).length, 2999);
});
