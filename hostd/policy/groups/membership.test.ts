import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Workload } from '../../api/schema.ts';
import { readPolicy } from '../document/parse.ts';
import { Membership, type Unplaced } from './membership.ts';
import { proposals } from './proposals.ts';

const nic = (network: string, ...addresses: string[]): Workload['nics'][number] => ({
  ...{ id: 'n', workload: 'u', workloadName: 'w', mac: '52:54:00:00:00:01', tap: 'vnet1', source: 'network' },
  ...{
    network,
    portGroup: null,
    vlans: [],
    model: null,
    linkUp: true,
    bandwidth: false,
    segment: `${network}-br`,
  },
  ...{
    addresses: addresses.map((address) => ({ address, source: 'arp' as const })),
    hook: 'tcx',
    reason: '',
  },
  ...{ packets: [0, 0], bytes: [0, 0], lost: 0, protection: null },
});

const vm = (name: string, more: Partial<Unplaced> = {}): Unplaced => ({
  ...{
    id: `uuid-${name}`,
    name,
    title: null,
    state: 'running',
    os: null,
    tags: [],
    persistent: true,
    nics: [],
  },
  ...more,
});

function membership(groups: string, head = ''): Membership {
  const made = new Membership('kvm-1', 'learn');
  made.use(readPolicy(`version: vmoat/v1\n${head}groups:\n${groups}`, 'p').document);
  return made;
}

const WEB = vm('web-1', {
  title: 'The Web',
  os: 'http://debian.org/debian/12',
  tags: ['front', 'prod'],
  nics: [nic('lan', '10.0.0.1', 'fe80::1'), nic('dmz', '192.0.2.7')],
});

const criteria: [match: string, holds: boolean][] = [
  ['{ name: web-1 }', true],
  ['{ name: web }', false],
  ['{ name: { prefix: web, "!=": web-2 } }', true],
  ['{ name: { prefix: web, "!=": web-1 } }', false],
  ['{ name: { contains: eb- } }', true],
  ['{ name: { regex: "^web-[0-9]+$" } }', true],
  ['{ name: { regex: "^eb" } }', false],
  ['{ uuid: uuid-web-1 }', true],
  ['{ title: { contains: Web } }', true],
  ['{ tag: prod }', true],
  ['{ tag: { "!=": prod } }', false],
  ['{ tag: { "!=": test } }', true],
  ['{ tag: { prefix: fr } }', true],
  ['{ network: dmz }', true],
  ['{ network: { "!=": dmz } }', false],
  ['{ segment: lan-br }', true],
  ['{ host: kvm-1 }', true],
  ['{ host: { prefix: other } }', false],
  ['{ os: { contains: debian } }', true],
  ['{ cidr: 10.0.0.0/24 }', true],
  ['{ cidr: 10.0.1.0/24 }', false],
  ['{ cidr: "fe80::/10" }', true],
  ['{ cidr: { "=": 192.0.2.0-192.0.2.9, "!=": 10.0.0.0/8 } }', false],
  ['{ cidr: { "!=": 172.16.0.0/12 } }', true],
  ['{ name: web-1, tag: test }', false],
  ['{ name: web-1, tag: prod }', true],
  ['{ name: nobody }, { tag: front }', true],
];
for (const [match, holds] of criteria)
  test(`${match} ${holds ? 'holds' : 'does not hold'}`, () => {
    const { groups } = membership(`  - { name: g, match: [${match}] }\n`).place(WEB);
    assert.deepEqual(groups, holds ? ['g', 'vm.web-1'] : ['vm.web-1']);
  });

test('what a VM has not equals nothing', () => {
  const place = membership(
    '  - { name: a, match: [{ title: { "!=": x } }] }\n  - { name: b, match: [{ os: x }] }\n',
  ).place(vm('bare'));
  assert.deepEqual(place.groups, ['a', 'vm.bare']);
});

const modes: [name: string, groups: string, head: string, mode: string, from: string | null][] = [
  ['no group gives one', '  - { name: a, match: [{ tag: prod }] }\n', '', 'learn', null],
  [
    'the document has a default',
    '  - { name: a, match: [{ tag: prod }] }\n',
    'defaultMode: monitor\n',
    'monitor',
    null,
  ],
  [
    'a group is milder than the default',
    '  - { name: a, match: [{ tag: prod }], mode: learn }\n',
    'defaultMode: protect\n',
    'learn',
    'a',
  ],
  [
    'of several the strictest',
    '  - { name: a, match: [{ tag: prod }], mode: learn }\n  - { name: b, match: [{ tag: front }], mode: protect }\n  - { name: c, match: [{ name: web-1 }], mode: monitor }\n',
    '',
    'protect',
    'b',
  ],
  [
    'its own',
    '  - { name: a, match: [{ tag: prod }], mode: learn }\n  - { name: vm.web-1, mode: monitor }\n',
    '',
    'monitor',
    'vm.web-1',
  ],
];
for (const [name, groups, head, mode, modeFrom] of modes)
  test(`the effective mode: ${name}`, () => {
    const placed = membership(groups, head).place(WEB);
    assert.deepEqual([placed.mode, placed.modeFrom], [mode, modeFrom]);
  });

test('a VM that changes changes its groups at once, others are not asked again', () => {
  const made = membership('  - { name: a, match: [{ cidr: 10.0.0.0/8 }] }\n');
  const before = made.place(WEB);
  assert.equal(made.place({ ...WEB, state: 'paused' }), before);
  const moved = { ...WEB, nics: [nic('lan', '172.16.0.1')] };
  assert.deepEqual(made.place(moved).groups, ['vm.web-1']);
  made.forgetOthers(new Set());
  assert.notEqual(made.place(moved), before);
});

const named = (name: string, ...tags: string[]) => ({
  id: `uuid-${name}`,
  name,
  tags,
  groups: [`vm.${name}`],
});
const none = readPolicy('version: vmoat/v1\n', 'p').document;

test('names with a number and tags propose groups, as entries that take the same VMs', () => {
  const vms = [
    named('web-1', 'front'),
    named('web-02', 'front'),
    named('db1', 'db'),
    named('db2'),
    named('lone', 'db'),
  ];
  const found = proposals(vms, none);
  assert.deepEqual(
    found.map(({ name, members, because }) => [name, members.map((member) => member.name), because]),
    [
      ['svc.db', ['db1', 'db2', 'lone'], 'their names and their tag'],
      ['svc.front', ['web-1', 'web-02'], 'their tag'],
      ['svc.web', ['web-1', 'web-02'], 'their names'],
    ],
  );
  for (const { name, match, members } of found) {
    const made = new Membership('h', 'learn');
    made.use({ ...none, groups: [{ name, match }] });
    const inside = vms.filter(({ name: each, tags }) => made.place(vm(each, { tags })).groups.includes(name));
    assert.deepEqual(inside.map(({ id }) => id).sort(), members.map(({ id }) => id).sort());
  }
});

test('nothing is proposed twice, nor what a group has gathered', () => {
  const vms = ['web-1', 'web-2'].map((name) => ({ ...named(name), groups: ['front', `vm.${name}`] }));
  const front = readPolicy(
    'version: vmoat/v1\ngroups: [{ name: front, match: [{ tag: x }] }]\n',
    'p',
  ).document;
  assert.deepEqual(proposals(vms, front), []);
  const named1 = readPolicy(
    'version: vmoat/v1\ngroups: [{ name: svc.web, match: [{ tag: x }] }]\n',
    'p',
  ).document;
  assert.deepEqual(proposals(vms, named1), []);
});
