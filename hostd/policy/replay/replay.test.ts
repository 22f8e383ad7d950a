import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePolicy } from '../../../dp/client/index.ts';
import type { Mode, PolicyRule, PolicyTables } from '../../../dp/contract/policy.ts';
import type { Evidence, EvidenceEnd } from '../../base/evidence.ts';
import { judgeOf } from '../advice/judge.ts';
import { seen, vm } from '../evidence-fixture.ts';
import { recommend } from '../learn/recommend.ts';
import { coverageOf } from './coverage.ts';
import { plan } from './plan.ts';
import type { Judge } from './replay.ts';

const VMS = ['web-1', 'web-2', 'db'];
const outside = (address: string): EvidenceEnd => ({
  kind: 'external',
  id: 'external',
  name: 'external',
  address,
});

const ofMany = (kind: 'multicast' | 'broadcast', address: string): EvidenceEnd => ({
  kind,
  id: kind,
  name: kind,
  address,
});
const GROUPS = [
  'any',
  'host',
  'external',
  'multicast',
  'broadcast',
  'svc.web',
  ...VMS.map((name) => `vm.${name}`),
];

function judge(rules: Omit<PolicyRule, 'number' | 'learned'>[], mode: Mode): Judge {
  const tables: PolicyTables = {
    generation: 1,
    groups: GROUPS.map((name) => ({
      name,
      mode: name.startsWith('vm.') ? mode : null,
      failPolicy: 'open',
      addresses: [],
      fqdn: [],
    })),
    rules: rules.map((rule, index) => ({ ...rule, number: index + 1, learned: false })),
    nics: [],
    unknown: [0],
    ends: [],
  };
  const policy = compilePolicy(tables);
  const groupsOfVm = ({ name }: EvidenceEnd): string[] => [
    `vm.${name}`,
    ...(name.startsWith('web') ? ['svc.web'] : []),
  ];
  return judgeOf({ tables, policy, groupsOfVm, namesOf: () => [] });
}

const often = (from: EvidenceEnd, to: EvidenceEnd, change: Partial<Evidence> = {}): Evidence =>
  seen(from, to, { flows: 10, ...change });

const TRAFFIC: Evidence[] = [
  often(vm('web-1'), vm('db')),
  often(vm('web-2'), vm('db'), { flows: 5 }),
  often(vm('web-1'), vm('db'), { app: 'redis', port: 6379 }),
  often(vm('web-2'), vm('db'), { app: null, confidence: null, port: 9000 }),
  often(vm('web-1'), outside('192.0.2.7'), { app: 'tls/https', port: 443 }),
  often(vm('web-1'), vm('web-2'), { proto: 'icmp', port: 8 * 256, app: 'icmp' }),
  often(vm('db'), ofMany('multicast', 'ff02::fb'), { proto: 'udp', app: 'dns', port: 5353 }),
  often(vm('db'), ofMany('broadcast', '255.255.255.255'), { proto: 'udp', app: 'dhcp', port: 67 }),
  often(vm('db'), ofMany('broadcast', '10.0.0.255'), {
    proto: 'udp',
    app: null,
    confidence: null,
    port: 138,
  }),
  often(vm('db'), outside('192.0.2.9'), { proto: 'udp', app: 'dns', port: 53, direction: 'inferred' }),
];

const memberOf = ({ kind, name }: EvidenceEnd) => ({
  own: kind === 'vm' ? `vm.${name}` : kind,
  service: name.startsWith('web') ? { name: 'svc.web', members: 2 } : null,
  learns: true,
});

for (const compaction of [0, 1, 2, 3] as const)
  test(`what was learned allows all that it was learned from, compaction ${compaction}`, () => {
    const learnable = TRAFFIC.filter(({ direction }) => direction === 'seen');
    const { rules } = recommend(TRAFFIC, memberOf, compaction);
    const after = judge(
      rules.map((rule) => ({ ...rule, from: GROUPS.indexOf(rule.from), to: GROUPS.indexOf(rule.to) })),
      'protect',
    );
    const { outcomes, flows } = plan(learnable, judge([], 'learn'), after);
    assert.deepEqual(outcomes, { allow: flows, violation: 0, deny: 0 });
  });

test('a plan names exactly the edges that break, the worst and most frequent first', () => {
  const { rules } = recommend(TRAFFIC, memberOf, 0);
  const tabled = rules.map((rule) => ({
    ...rule,
    from: GROUPS.indexOf(rule.from),
    to: GROUPS.indexOf(rule.to),
  }));
  const without = tabled.filter(({ applications }) => !applications.includes('postgresql'));
  const { changes } = plan(TRAFFIC, judge(tabled, 'protect'), judge(without, 'protect'));
  assert.deepEqual(
    changes.map(({ change, seen: { from, app, flows }, before, after }) => [
      change,
      from.name,
      app,
      flows,
      before,
      after,
    ]),
    [
      ['denied', 'web-1', 'postgresql', 10, 'allow', 'deny'],
      ['denied', 'web-2', 'postgresql', 5, 'allow', 'deny'],
    ],
  );
  assert.equal(changes[0]?.ruleAfter, null);
  const back = plan(TRAFFIC, judge(without, 'monitor'), judge(tabled, 'monitor'));
  assert.deepEqual(
    back.changes.map(({ change }) => change),
    ['covered', 'covered'],
  );
});

test('coverage names what the window says nothing about', () => {
  const hours = ['2026-11-16T10:00:00Z', '2026-11-16T11:00:00Z', '2026-11-22T00:00:00Z'].map((hour) =>
    Date.parse(hour),
  );
  const coverage = coverageOf({
    evidence: TRAFFIC,
    hours,
    members: new Map([
      ['web', [vm('web-1').id, vm('web-2').id]],
      ['backup', ['backup-1']],
    ]),
    rules: [
      { id: 'web-to-db', applications: ['postgresql', 'tls'], decided: true },
      { id: 'old', applications: ['telnet'], decided: false },
    ],
  });
  assert.deepEqual(coverage, {
    hours: 3,
    weekdays: [1, 7],
    groupsUnseen: ['backup'],
    applicationsUnseen: ['telnet'],
    rulesUnseen: ['old'],
  });
});
