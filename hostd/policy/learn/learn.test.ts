import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Evidence, EvidenceEnd } from '../../base/evidence.ts';
import { seen, vm } from '../evidence-fixture.ts';
import type { MemberOf } from './member.ts';
import { type Compaction, type LearnedRule, recommend } from './recommend.ts';

const outside: EvidenceEnd = { kind: 'external', id: 'external', name: 'external', address: '192.0.2.1' };

/** web-1 to web-3 are the service svc.web; what begins with `kept` is not in learn. */
const memberOf: MemberOf = ({ kind, name }) => ({
  own: kind === 'vm' ? `vm.${name}` : kind,
  service: name.startsWith('web-') ? { name: 'svc.web', members: 3 } : null,
  learns: !name.startsWith('kept'),
});

const unknown = { app: null, confidence: null } as const;
const rules = (evidence: Evidence[], compaction: Compaction = 0): LearnedRule[] =>
  recommend(evidence, memberOf, compaction).rules;
const texts = (evidence: Evidence[], compaction: Compaction = 0): string[] =>
  rules(evidence, compaction).map(
    ({ from, to, applications, ports }) => `${from} ${to} [${applications}] [${ports}]`,
  );

test('exact: each VM, its application and port', () => {
  const evidence = [seen(vm('web-1'), vm('db')), seen(vm('web-2'), vm('db'))];
  assert.deepEqual(texts(evidence), [
    'vm.web-1 vm.db [postgresql] [tcp/5432]',
    'vm.web-2 vm.db [postgresql] [tcp/5432]',
  ]);
});

test('a guess is a port, and so is an application with flows beside it that nothing was recognised in', () => {
  const evidence = [
    seen(vm('a'), vm('db'), { confidence: 'guess' }),
    seen(vm('b'), vm('db')),
    seen(vm('b'), vm('db'), unknown),
    seen(vm('b'), vm('db'), { port: 5433 }),
  ];
  assert.deepEqual(texts(evidence), [
    'vm.a vm.db [] [tcp/5432]',
    'vm.b vm.db [postgresql] [tcp/5433]',
    'vm.b vm.db [] [tcp/5432]',
  ]);
});

test('ICMP by type, other protocols by number', () => {
  const evidence = [
    seen(vm('a'), vm('b'), { proto: 'icmp', port: 8 * 256, app: 'icmp' }),
    seen(vm('a'), vm('b'), { proto: 'icmp', port: 3 * 256 + 1, app: 'icmp' }),
    seen(vm('a'), vm('b'), { proto: 'icmp', port: 3 * 256 + 4, app: 'icmp' }),
    seen(vm('a'), vm('b'), { proto: 'gre', port: 0, ...unknown }),
    seen(vm('a'), vm('b'), { proto: 'ipv6-icmp', port: 128 * 256, app: 'icmp' }),
  ];
  assert.deepEqual(texts(evidence), ['vm.a vm.b [] [proto/47,icmp/3,icmp/8,icmpv6/128]']);
});

test('many ports become ranges, from the first step on', () => {
  const near = [2000, 2001, 2002, 2010, 2012, 2014, 2020, 2021, 2023, 2030, 2040, 2050];
  const high = [32_800, 33_000, 35_000, 37_000, 40_000, 42_000, 45_000, 50_000, 60_000];
  const evidence = [...near, ...high].map((port) => seen(vm('a'), vm('b'), { port, ...unknown }));
  assert.equal(rules(evidence)[0]?.ports.length, 18);
  assert.deepEqual(texts(evidence, 1), ['vm.a vm.b [] [tcp/2000-2050,tcp/32768-65535]']);
});

test('a service may what most of its VMs do, on either side', () => {
  const most = [seen(vm('web-1'), vm('db')), seen(vm('web-2'), vm('db'))];
  assert.deepEqual(texts(most, 2), ['svc.web vm.db [postgresql] [tcp/5432]']);
  assert.deepEqual(texts(most.slice(0, 1), 2), ['vm.web-1 vm.db [postgresql] [tcp/5432]']);
  const among = ['1', '2'].flatMap((a) => ['2', '3'].map((b) => seen(vm(`web-${a}`), vm(`web-${b}`))));
  assert.deepEqual(texts(among, 2), ['svc.web svc.web [postgresql] [tcp/5432]']);
});

test('compact: one rule for all applications of a pair, on any port', () => {
  const evidence = [
    seen(vm('a'), vm('b')),
    seen(vm('a'), vm('b'), { app: 'http', port: 80 }),
    seen(vm('a'), vm('b'), { port: 9999, ...unknown }),
  ];
  assert.deepEqual(texts(evidence, 3), ['vm.a vm.b [http,postgresql] []', 'vm.a vm.b [] [tcp/9999]']);
});

test('attacks, guessed directions and ends that do not learn teach nothing, and are counted', () => {
  const evidence = [
    seen(vm('a'), vm('b'), { flagged: true, flows: 40 }),
    seen(vm('a'), vm('b'), { direction: 'inferred', flows: 2 }),
    seen(vm('a'), vm('kept'), { flows: 3 }),
    seen(outside, vm('b'), { flows: 1 }),
  ];
  const { rules: found, left } = recommend(evidence, memberOf, 0);
  assert.deepEqual(
    found.map(({ id }) => id),
    ['external-to-vm.b-postgresql'],
  );
  assert.deepEqual(left, { 'part of an attack': 40, 'direction inferred': 2, 'an end is not in learn': 3 });
});

test('a rule says what it was learned from', () => {
  const evidence = [
    seen(vm('web-1'), vm('db'), { flows: 7, first: 1000, last: 5000 }),
    seen(vm('web-2'), vm('db'), { flows: 4, first: 500, last: 500 + 3_600_000 }),
  ];
  const [rule] = rules(evidence, 2);
  assert.deepEqual(rule?.provenance, {
    flows: 11,
    first: 500,
    last: 3_600_500,
    clients: ['web-1', 'web-2'],
    servers: ['db'],
    examples: ['web-1-db', 'web-2-db'],
    confidence: 'high',
  });
});

test('ids are never the same', () => {
  const ids = rules([seen(vm('a b'), vm('c')), seen(vm('a-b'), vm('c'))]).map(({ id }) => id);
  assert.equal(new Set(ids).size, 2);
});
