import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { PolicyOrder, PolicyTables } from '../../dp/contract/policy.ts';
import type { Workload } from '../api/schema.ts';
import { ManualClock } from '../base/clock.ts';
import type { Unplaced } from './groups/membership.ts';
import { Policy } from './policy.ts';
import { FileStore } from './store/file-store.ts';
import type { PolicyNews } from './versions.ts';

const root = mkdtempSync(join(tmpdir(), 'hos-policy-'));
after(() => rmSync(root, { recursive: true }));
let folders = 0;
const T0 = Date.parse('2026-11-20T12:00:00Z');
const ANN = { author: 'ann', reason: '' };

const vm = (name: string, state: Workload['state'] = 'running'): Unplaced => ({
  ...{ id: `uuid-${name}`, name, title: null, state, os: null, tags: [], persistent: true, nics: [] },
});

async function setUp(folder = join(root, String(++folders)), now = T0) {
  const clock = new ManualClock(now);
  const policy = await Policy.open({
    store: await FileStore.open(folder),
    clock,
    moment: () => ({ wall_ms: clock.now(), boot: 'one', uptime_ms: clock.now() }),
    hostName: 'kvm',
    defaultMode: 'learn',
  });
  const vms: Unplaced[] = [vm('web-1'), vm('web-2')];
  const foreign: { tap: string; mac: string }[] = [];
  const told: PolicyOrder[] = [];
  const news: PolicyNews[] = [];
  policy.attach(
    {
      workloads: () => vms.map((each) => ({ ...each, ...policy.place(each) })),
      ends: () => [],
      givenAddresses: () => new Map(),
      foreignTaps: () => foreign,
    },
    {
      onTables: (tables) => told.push(tables),
      onPlaces: () => undefined,
      onNews: (what) => news.push(what),
      compile: () => undefined,
    },
  );
  policy.refresh();
  const apply = (text: string, base: number, confirmWithin_ms: number | null = null) =>
    policy.versions.apply({ ...ANN, text, base, source: null, confirmWithin_ms });
  return { folder, clock, policy, vms, foreign, told, news, apply };
}

const TEXT = `version: vmoat/v1
groups:
  - { name: web, match: [{ name: { prefix: web } }], mode: monitor }
  - { name: office, addresses: [192.0.2.0/24] }
rules:
  - { id: soon-over, from: any, to: web, action: allow, expires: 2026-11-20T13:00:00Z }
  - { id: stays, from: any, to: web, ports: [tcp/1], action: deny }
`;

test('tables have a new generation when they say something new, and only then', async () => {
  const { policy, vms, told, apply } = await setUp();
  assert.equal(told.length, 1);
  vms[0] = vm('web-1', 'paused');
  policy.refresh();
  assert.equal(told.length, 1);
  vms.push(vm('db'));
  policy.refresh();
  await apply(TEXT, 0);
  assert.deepEqual(
    told.map(({ generation, rules }) => [generation - T0, rules.length]),
    [
      [1, 0],
      [2, 0],
      [3, 2],
    ],
  );
  assert.equal(policy.tables, told.at(-1));
});

test('the tables of two runs never have the same generation', async () => {
  const { folder, told, vms, policy } = await setUp();
  vms.push(vm('db'));
  policy.refresh();
  const next = await setUp(folder, T0 + 1000);
  const generations = [...told, ...next.told].map(({ generation }) => generation);
  assert.equal(new Set(generations).size, 3);
});

test('dp is told what comes back should nobody confirm, with those who are there by then', async () => {
  const { policy, vms, told, apply } = await setUp();
  await apply(TEXT, 0);
  await apply('version: vmoat/v1\n', 1, 60_000);
  const nicsOf = ({ nics }: PolicyTables): unknown[] => nics.map(({ tap }) => tap);
  vms.push({
    ...vm('db'),
    nics: [{ id: 'db/0', tap: 'vnet7', mac: '52:54:00:00:00:07', addresses: [] } as never],
  });
  policy.refresh();
  const { rules, nics, unconfirmed } = told.at(-1) ?? assert.fail();
  assert.deepEqual([rules.length, nics.length, unconfirmed?.previous.rules.length], [0, 1, 2]);
  assert.deepEqual(unconfirmed && nicsOf(unconfirmed.previous), ['vnet7']);
  assert.deepEqual(
    [unconfirmed?.trial, unconfirmed?.deadline],
    [`2@${T0}`, { since: T0, at: T0 + 60_000, boot: 'one', uptime_ms: T0 + 60_000 }],
  );
  await policy.versions.confirm('ann');
  assert.deepEqual([told.at(-1)?.unconfirmed, told.at(-1)?.rules.length], [undefined, 0]);
});

test('a tap that turned out to be foreign is named within a second, once, though nothing else changed', async () => {
  const { clock, foreign, told } = await setUp();
  foreign.push({ tap: 'tap9', mac: 'fe:00:00:00:00:09' });
  clock.advance(5000);
  assert.deepEqual(
    told.map(({ nics }) => nics.map(({ tap }) => tap)),
    [[], ['tap9']],
  );
});

test('a rule falls out of effect when its time is over', async () => {
  const { policy, clock, told, apply } = await setUp();
  await apply(TEXT, 0);
  clock.advance(3_599_000);
  assert.equal(policy.tables.rules.length, 2);
  clock.advance(2000);
  assert.deepEqual(
    policy.tables.rules.map(({ id }) => id),
    ['stays'],
  );
  const before = told.length;
  clock.advance(60_000);
  policy.refresh();
  assert.equal(told.length, before);
});

test('who is in a group and what it bears', async () => {
  const { policy, apply } = await setUp();
  await apply(TEXT, 0);
  const { members, mode, rules, origin } = policy.group('web');
  assert.deepEqual(
    [members?.map(({ name }) => name), mode, rules, origin],
    [['web-1', 'web-2'], 'monitor', ['soon-over', 'stays'], 'document'],
  );
  assert.deepEqual([policy.group('office').members, policy.group('vm.web-1').mode], [null, null]);
  assert.deepEqual([policy.group('any').members, policy.group('unknown').mode], [null, 'learn']);
  assert.throws(() => policy.group('wbe'), { code: 'group_unknown', hint: /web/ });
});

test('modes are set where a group can bear one', async () => {
  const { policy, apply } = await setUp();
  await apply(TEXT, 0);
  await policy.setMode('web', 'protect', ANN);
  await policy.setMode('host', 'monitor', ANN);
  await policy.setMode('vm.web-2', 'learn', ANN);
  assert.deepEqual(
    [policy.group('web').mode, policy.hostMode, policy.group('vm.web-2').mode],
    ['protect', 'monitor', 'learn'],
  );
  for (const name of ['office', 'any', 'external'])
    await assert.rejects(policy.setMode(name, 'learn', ANN), {
      code: 'bad_request',
      message: /bears no mode/,
    });
  for (const name of ['nobody', 'vm.nobody'])
    await assert.rejects(policy.setMode(name, 'learn', ANN), { code: 'group_unknown' });
});

test('a proposal that is accepted is a group of the document, and is proposed no more', async () => {
  const { policy } = await setUp();
  assert.deepEqual(
    policy.proposals().map(({ name }) => name),
    ['svc.web'],
  );
  await assert.rejects(async () => policy.accept('svc.db', 'db', ANN), { code: 'group_unknown' });
  await policy.accept('svc.web', 'front', ANN);
  assert.deepEqual(policy.group('front').members?.length, 2);
  assert.deepEqual(policy.proposals(), []);
});

test('what happened before anybody listened is told', async () => {
  const { folder, policy, apply } = await setUp();
  await apply(TEXT, 0, 60_000);
  policy.stop();
  const again = await setUp(folder, T0 + 61_000);
  assert.deepEqual(
    again.news.map(({ kind }) => kind),
    ['unconfirmed'],
  );
  assert.deepEqual(again.policy.document.groups, []);
});

test('lint of what is live knows empty groups', async () => {
  const { policy, apply } = await setUp();
  await apply(TEXT.replace('prefix: web', 'prefix: nobody'), 0);
  const found = policy.lint(() => null).findings.filter(({ check }) => check === 'never-matched');
  assert.deepEqual(
    found.map(({ rule, file }) => [rule, file]),
    [
      ['soon-over', 'version 1'],
      ['stays', 'version 1'],
    ],
  );
});
