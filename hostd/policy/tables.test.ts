import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePolicy } from '../../dp/client/index.ts';
import type { Workload } from '../api/schema.ts';
import type { Mode } from '../base/modes.ts';
import { readPolicy } from './document/parse.ts';
import { policyTables } from './tables.ts';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const { document } = readPolicy(
  `version: vmoat/v1
groups:
  - { name: web, match: [{ name: { prefix: web } }], mode: protect, failPolicy: closed, failSafePorts: [tcp/22], opening: { frames: 8, bytes: 4096 } }
  - { name: office, addresses: [192.0.2.0/24] }
  - { name: mirrors, fqdn: ["*.debian.org"] }
  - { name: host, mode: monitor }
  - { name: vm.db, ownAddresses: leased, mayServe: [dhcp], otherFrames: pass }
rules:
  - { id: a, from: "vm:db", to: web, applications: [postgresql], ports: [tcp/5432], action: allow }
  - { id: read, from: any, to: web, applications: [http], action: allow, continuous: true }
  - { id: off, from: any, to: any, action: deny, disabled: true }
  - { id: over, from: any, to: any, action: deny, expires: "2026-11-20T11:00:00Z" }
  - { id: b, from: office, to: "vm:not-there", action: deny, expires: "2026-11-20T13:00:00Z" }
`,
  'p',
);

const vm = (
  name: string,
  tap: string | null,
  groups: string[],
  mode: Mode,
  modeFrom: string | null,
): Workload =>
  ({
    ...{ id: `uuid-${name}`, name, groups: [...groups, `vm.${name}`], mode, modeFrom },
    nics: [{ id: `${name}/1`, tap, mac: '52:54:00:00:00:01' }],
  }) as unknown as Workload;

const tables = policyTables({
  generation: 7,
  document,
  learned: [{ id: 'learned-1', from: 'web', to: 'vm.db', ports: ['tcp/1'] }],
  ruleNumbers: new Map([
    ['a', 1],
    ['off', 2],
    ['over', 3],
    ['b', 4],
    ['learned-1', 5],
    ['read', 6],
  ]),
  workloads: [
    vm('web-1', 'vnet1', ['web'], 'protect', 'web'),
    vm('db', 'vnet2', [], 'learn', null),
    vm('off', null, [], 'learn', null),
  ],
  givenAddresses: new Map([
    ['web-1/1', { configured: ['10.0.0.5', 'any'], leased: ['10.0.0.7'] }],
    ['db/1', { configured: [], leased: [] }],
  ]),
  foreignTaps: [{ tap: 'tap9', mac: 'fe:00:00:00:00:09' }],
  ends: [
    { segment: 1, address: '192.0.2.1', kind: 'host', workload: null },
    { segment: 1, address: '192.0.2.255', kind: 'broadcast', workload: null },
    { segment: 2, address: '10.0.0.5', kind: 'vm', workload: 'uuid-web-1' },
    { segment: 2, address: '10.0.0.6', kind: 'vm', workload: 'tap:tap9' },
  ],
  defaultMode: 'learn',
  now: NOW,
});
const namesOf = (places: readonly number[]): string[] =>
  places.map((place) => tables.groups[place]?.name ?? '?');

test('the built-in groups stand first, then those of the document, then those of VMs', () => {
  assert.deepEqual(
    tables.groups.map(({ name, mode, failPolicy }) => [name, mode, failPolicy]),
    [
      ['any', null, 'open'],
      ['host', 'monitor', 'open'],
      ['external', null, 'open'],
      ['unknown', 'learn', 'open'],
      ['multicast', null, 'open'],
      ['broadcast', null, 'open'],
      ['web', 'protect', 'closed'],
      ['office', null, 'open'],
      ['mirrors', null, 'open'],
      ['vm.db', 'learn', 'open'],
      ['vm.web-1', null, 'open'],
      ['vm.off', 'learn', 'open'],
      ['vm.not-there', null, 'open'],
    ],
  );
  assert.deepEqual(tables.groups[7]?.addresses, ['192.0.2.0/24']);
  assert.deepEqual(tables.groups[8]?.fqdn, ['*.debian.org']);
});

test('what groups say of protect, those of the document and automatic ones', () => {
  assert.deepEqual(
    tables.groups.flatMap(({ name, protect }) => (protect ? [[name, protect]] : [])),
    [
      ['web', { failSafePorts: ['tcp/22'], opening: { frames: 8, bytes: 4096 } }],
      ['vm.db', { ownAddresses: 'leased', mayServe: ['dhcp'], otherFrames: 'pass' }],
    ],
  );
});

test('NICs have the addresses that libvirt gave them, and say by what', () => {
  assert.deepEqual(
    tables.nics.map(({ addresses }) => addresses),
    [
      [
        { address: '10.0.0.5', source: 'configured' },
        { address: '10.0.0.7', source: 'leased' },
      ],
      undefined,
      undefined,
    ],
  );
});

test('rules in effect, in order, learned ones last, with their numbers', () => {
  assert.deepEqual(
    tables.rules.map(({ number, id, from, to, action, learned }) => [
      number,
      id,
      ...namesOf([from, to]),
      action,
      learned,
    ]),
    [
      [1, 'a', 'vm.db', 'web', 'allow', false],
      [6, 'read', 'any', 'web', 'allow', false],
      [4, 'b', 'office', 'vm.not-there', 'deny', false],
      [5, 'learned-1', 'web', 'vm.db', 'allow', true],
    ],
  );
});

test('NICs and ends have the groups of whoever they are', () => {
  assert.deepEqual(
    tables.nics.map(({ tap, groups }) => [tap, namesOf(groups)]),
    [
      ['vnet1', ['any', 'web', 'vm.web-1']],
      ['vnet2', ['any', 'vm.db']],
      ['tap9', ['any', 'unknown']],
    ],
  );
  assert.deepEqual(namesOf(tables.unknown), ['any', 'unknown']);
  assert.deepEqual(
    tables.ends.map(({ segment, address, groups }) => [segment, address, namesOf(groups)]),
    [
      [1, '192.0.2.1', ['any', 'host', 'office']],
      [1, '192.0.2.255', ['any', 'broadcast', 'office']],
      [2, '10.0.0.5', ['any', 'web', 'vm.web-1']],
      [2, '10.0.0.6', ['any', 'unknown']],
    ],
  );
});

test('the evaluator takes them, and says what the document says', () => {
  const policy = compilePolicy(tables);
  assert.equal(policy.generation, 7);
  const [from, to] = [policy.identity({ tap: 'vnet2' }), policy.identity({ tap: 'vnet1' })];
  const layers = policy.layers('postgresql');
  const asked = {
    from,
    to,
    proto: 6,
    port: 5432,
    layers,
    confidence: 'sure' as const,
    applicationFinal: true,
  };
  const allowed = policy.evaluate(asked);
  assert.deepEqual([allowed.verdict, allowed.rule], ['allow', 1]);
  const denied = policy.evaluate({ ...asked, port: 22 });
  assert.deepEqual(
    [denied.verdict, denied.violation, denied.decidedBy, denied.toMode],
    ['deny', true, 'mode', 'protect'],
  );
});

test('a rule that is continuous says so', () => {
  const read = tables.rules.filter(({ continuous }) => continuous);
  assert.deepEqual(
    read.map(({ id }) => id),
    ['read'],
  );
});

test('a rule that will expire says when, for whoever has only these tables', () => {
  assert.deepEqual(
    tables.rules.map(({ id, expires }) => [id, expires]),
    [
      ['a', undefined],
      ['read', undefined],
      ['b', Date.parse('2026-11-20T13:00:00Z')],
      ['learned-1', undefined],
    ],
  );
});
