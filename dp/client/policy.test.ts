// The evaluator through the addon: identities, verdicts, evidence, and what is refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { Mode, PolicyGroup, PolicyRule, PolicyTables } from '../contract/policy.ts';
import { addonPath, loadAddon } from './addon.ts';
import { compilePolicy, type PolicyError, PolicyQuestions } from './policy.ts';

const group = (name: string, mode: Mode | null = null, more: Partial<PolicyGroup> = {}): PolicyGroup => ({
  name,
  mode,
  failPolicy: 'open',
  addresses: [],
  fqdn: [],
  ...more,
});

const rule = (number: number, from: number, to: number, more: Partial<PolicyRule> = {}): PolicyRule => ({
  number,
  id: `rule-${number}`,
  from,
  to,
  applications: [],
  ports: [],
  action: 'allow',
  learned: false,
  ...more,
});

/** any, host, external, web (protect), db (monitor), office (192.0.2.0/24), mirrors (*.debian.org). */
const example = (): PolicyTables => ({
  generation: 3,
  groups: [
    group('any'),
    group('host'),
    group('external'),
    group('web', 'protect'),
    group('db', 'monitor'),
    group('office', null, { addresses: ['192.0.2.0/24'] }),
    group('mirrors', null, { fqdn: ['*.debian.org'] }),
  ],
  rules: [
    rule(11, 3, 4, { applications: ['postgresql'], ports: ['tcp/5432'] }),
    rule(12, 0, 0, { applications: ['telnet'], action: 'deny' }),
    rule(13, 5, 3, { applications: ['tls/https'], ports: ['tcp/443'] }),
  ],
  nics: [
    { tap: 'vnet0', mac: '52:54:00:00:00:01', nic: 'a', groups: [0, 3] },
    { tap: 'vnet1', mac: '52:54:00:00:00:02', nic: 'b', groups: [0, 4] },
  ],
  unknown: [0],
  ends: [{ segment: 1, address: '10.0.0.1', groups: [0, 1] }],
});

const TCP = 6;

test('ends have the groups of their NIC, their address or their names', () => {
  const policy = compilePolicy(example());
  const groups = (end: Parameters<typeof policy.identity>[0]) => policy.groups(policy.identity(end));
  assert.deepEqual(groups({ tap: 'vnet0' }), [0, 3]);
  assert.deepEqual(groups({ tap: 'vnet7' }), [0]);
  assert.deepEqual(groups({ segment: 1, address: '10.0.0.1' }), [0, 1]);
  assert.deepEqual(groups({ segment: 2, address: '192.0.2.7' }), [0, 2, 5]);
  assert.deepEqual(groups({ segment: 2, address: '192.0.2.7', names: ['ftp.debian.org'] }), [0, 2, 5, 6]);
  assert.deepEqual(groups({ segment: 2, address: 'ff02::1' }), [0]);
  assert.deepEqual(policy.groups(policy.identity({ groups: [4, 0, 4] })), [0, 4]);
  assert.deepEqual(policy.groups(65_000), []);
  assert.throws(() => policy.identity({ segment: 1, address: 'nowhere' }), TypeError);
});

test('a rule by application is a maybe until the application is known', () => {
  const policy = compilePolicy(example());
  const [web, db] = [policy.identity({ tap: 'vnet0' }), policy.identity({ tap: 'vnet1' })];
  const asked = { from: web, to: db, proto: TCP, port: 5432 };
  assert.equal(policy.evaluate(asked).verdict, null);
  const layers = policy.layers('postgresql');
  assert.deepEqual(policy.evaluate({ ...asked, layers, confidence: 'sure' }), {
    verdict: 'allow',
    violation: false,
    final: true,
    decidedBy: 'rule',
    rule: 11,
    fromMode: 'protect',
    toMode: 'monitor',
    reversed: false,
    byPort: false,
    continuous: false,
  });
  const guessed = policy.evaluate({ ...asked, layers, confidence: 'guess', applicationFinal: true });
  assert.deepEqual(
    [guessed.verdict, guessed.violation, guessed.decidedBy, guessed.rule],
    ['deny', true, 'mode', null],
  );
});

test('where the direction is inferred the better way round counts', () => {
  const policy = compilePolicy(example());
  const [web, office] = [policy.identity({ tap: 'vnet0' }), policy.identity({ groups: [0, 2, 5] })];
  const asked = {
    from: web,
    to: office,
    proto: TCP,
    port: 40_000,
    clientPort: 443,
    layers: policy.layers('tls/https'),
    confidence: 'sure' as const,
  };
  assert.equal(policy.evaluate(asked).verdict, 'deny');
  const { verdict, rule: number, reversed } = policy.evaluate({ ...asked, directionInferred: true });
  assert.deepEqual([verdict, number, reversed], ['allow', 13, true]);
});

test('explain tells each rule in order and who gave the mode', () => {
  const policy = compilePolicy(example());
  const [web, db] = [policy.identity({ tap: 'vnet0' }), policy.identity({ tap: 'vnet1' })];
  const evidence = policy.explain({ from: web, to: db, proto: TCP, port: 80, applicationFinal: true });
  assert.deepEqual(evidence.from, { groups: [0, 3], mode: 'protect', modeGroup: 3 });
  assert.deepEqual(evidence.to, { groups: [0, 4], mode: 'monitor', modeGroup: 4 });
  assert.deepEqual(evidence.rules, [
    { number: 11, match: 'port' },
    { number: 12, match: 'unknown' },
  ]);
  assert.equal(evidence.rulesLeftOut, 0);
  assert.equal(evidence.decision.verdict, 'deny');
  assert.deepEqual(policy.explain({ from: 0, to: 0, proto: TCP, port: 1 }).from, {
    groups: [],
    mode: null,
    modeGroup: null,
  });
});

test('many questions at a time', () => {
  const policy = compilePolicy(example());
  const web = policy.identity({ tap: 'vnet0' });
  const questions = new PolicyQuestions(1000);
  for (let i = 0; i < 1000; i++)
    questions.set(i, {
      from: i % 2 === 0 ? web : 0,
      to: 0,
      proto: TCP,
      port: i,
      applicationFinal: true,
    });
  const decisions = policy.evaluateAll(questions);
  for (let i = 0; i < 1000; i++) assert.equal(decisions.at(i).verdict, i % 2 === 0 ? 'deny' : 'allow');
  questions.bytes.fill(0xff);
  assert.equal(policy.evaluateAll(questions).at(999).verdict, 'allow');
});

test('a successor keeps the identities of sets that it has too', () => {
  const former = compilePolicy(example());
  const tables = example();
  tables.rules = [];
  tables.nics.reverse();
  const next = compilePolicy(tables, { former });
  for (const tap of ['vnet0', 'vnet1']) assert.equal(next.identity({ tap }), former.identity({ tap }));
  assert.equal(next.generation, 3);
});

test('applications of the operator have the numbers behind the registry', () => {
  const { applications } = loadAddon().registry;
  const tables = example();
  tables.rules = [rule(1, 0, 0, { applications: ['billing'], action: 'deny' })];
  const policy = compilePolicy(tables, { applications: [...applications, 'billing'] });
  assert.deepEqual(policy.layers('billing'), [applications.length]);
  assert.deepEqual(policy.layers('tls/unheard-of'), []);
  assert.throws(() => compilePolicy(tables), { field: 'rules[0].applications[0]' });
});

test('what is wrong is told by field', () => {
  const refused = (change: (tables: PolicyTables) => void): PolicyError => {
    const tables = example();
    change(tables);
    try {
      compilePolicy(tables);
    } catch (error) {
      return error as PolicyError;
    }
    return assert.fail('it was taken');
  };
  const odd = (value: unknown) => value as never;
  const cases: [(tables: PolicyTables) => void, string, RegExp][] = [
    [(t) => (t.rules[0] = rule(11, 3, 4, { ports: ['tcp/70000'] })), 'rules[0].ports[0]', /^is none of any/],
    [(t) => (t.rules[1] = rule(11, 0, 0)), 'rules[1].number', /another rule/],
    [(t) => (t.rules[1] = rule(-1, 0, 0)), 'rules[1].number', /whole number/],
    [(t) => (t.rules[1] = rule(1.5, 0, 0)), 'rules[1].number', /whole number/],
    [(t) => (t.rules[0] = rule(1, 9, 0)), 'rules[0].from', /no such group/],
    [(t) => (t.rules[0] = rule(1, 0, 0, { action: odd('drop') })), 'rules[0].action', /none of allow, deny/],
    [(t) => (t.rules[0] = rule(1, 0, 0, { learned: odd(1) })), 'rules[0].learned', /true nor false/],
    [(t) => (t.rules[0] = odd(null)), 'rules[0]', /is no object/],
    [(t) => (t.groups[3] = group('web', odd('panic'))), 'groups[3].mode', /none of null, learn/],
    [(t) => (t.groups[3] = group('web', null, { addresses: ['::/129'] })), 'groups[3].addresses[0]', /none/],
    [(t) => (t.groups[3] = group('web', null, { fqdn: [odd(3)] })), 'groups[3].fqdn[0]', /is no text/],
    [(t) => (t.nics = odd('all')), 'nics', /is no list/],
    [(t) => (t.nics = [{ tap: 'v', mac: '', nic: '', groups: [odd('x')] }]), 'nics[0].groups[0]', /whole/],
    [(t) => (t.ends = [{ segment: 1, address: '10.0.0.0/8', groups: [] }]), 'ends[0].address', /no address/],
    [(t) => (t.generation = odd('7')), 'generation', /whole number/],
  ];
  for (const [change, field, message] of cases) {
    const error = refused(change);
    assert.equal(error.field, field);
    assert.match(error.message, message);
  }
  assert.throws(() => compilePolicy(odd(undefined)), /is no object/);
});

test('it works in a worker thread', async () => {
  const code = `const { parentPort, workerData } = require('node:worker_threads');
    const { Policy, registry } = require(workerData.addon);
    const policy = new Policy(workerData.tables, registry.applications);
    parentPort.postMessage(policy.groups(policy.identityOfNic('vnet0')));`;
  const worker = new Worker(code, { eval: true, workerData: { addon: addonPath(), tables: example() } });
  const groups = await new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  assert.deepEqual(groups, [0, 3]);
  await worker.terminate();
});
