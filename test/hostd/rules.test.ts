// Counters of rules on a real hostd: over restarts, as a list, in lint and explain, and rules that may go.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { EventRecord, Page, Status, Workload } from '../../hostd/api/schema.ts';
import type { RuleCount } from '../../hostd/base/rule-count.ts';
import { RuleFile } from '../../hostd/history/rule-file.ts';
import { LearnedRules } from '../../hostd/policy/advice/shapes.ts';
import { CountedRule, UnusedRules } from '../../hostd/policy/counters/shapes.ts';
import { LivePolicy } from '../../hostd/policy/shapes.ts';
import { askSocket } from './ask.ts';
import { House, until, WEB } from './house.ts';
import { type Ran, runCli } from './run-cli.ts';

const DAY_MS = 86_400_000;
const house = new House();

async function get<T>(schema: { parse: (json: unknown) => T }, path: string): Promise<T> {
  const answer = await askSocket(house.config.sockets.api, `/api/v1${path}`);
  assert.equal(answer.status, 200, answer.text);
  return schema.parse(answer.json);
}

const vmoat = (...argv: string[]): Promise<Ran> => runCli(['--socket', house.config.sockets.api, ...argv]);

async function good(...argv: string[]): Promise<string> {
  const { code, out, err } = await vmoat(...argv);
  assert.deepEqual([code, err], [0, ''], argv.join(' '));
  return out;
}

const rules = async (query = ''): Promise<CountedRule[]> =>
  (await get(Page(CountedRule), `/policy/rules${query}`)).items;
const rule = async (id: string): Promise<CountedRule | undefined> =>
  (await rules()).find((each) => each.id === id);

/** The number by which dp knows a rule. */
function numberOf(id: string): number {
  const state = JSON.parse(readFileSync(join(house.config.stateDir, 'policy/policy.json'), 'utf8'));
  const numbers = new Map<string, number>(state.ruleNumbers.ids);
  return numbers.get(id) ?? assert.fail(`rule ${id} has no number`);
}

async function openDaemon(): Promise<void> {
  await house.openDaemon();
  await until(async () => {
    const { dataplane, libvirt } = await get(Status, '/status');
    return dataplane.state === 'connected' && libvirt.domains === 3;
  });
}

/** What many days of watching without traffic would leave on disk; hostd must not run. */
function age(idle_ms: number): void {
  const file = new RuleFile(join(house.config.stateDir, 'history/rules.sqlite'));
  const { rules: counted, watched_ms } = file.load();
  const aged = counted.map(
    (each): RuleCount => ({
      ...each,
      watched_ms: each.watched_ms + idle_ms,
      idle_ms: each.idle_ms + idle_ms,
    }),
  );
  file.write({ rules: aged, gone: [], watched_ms, receipt: null });
  file.close();
}

const POLICY = `version: vmoat/v1
rules:
  - { id: db, from: vm.web-1, to: any, ports: [tcp/5432], action: allow }
  # for the old one
  - { id: old-db, from: vm.web-1, to: any, ports: [tcp/5433], action: allow }
  - { id: no-telnet, from: any, to: any, ports: [tcp/23], action: deny }
`;
const policyFile = join(house.folder, 'policy.yaml');
const out = { srcSlot: 1, dst: [192, 0, 2, 7] as [number, number, number, number] };

before(async () => {
  await house.openDataplane();
  await openDaemon();
  house.addresses();
  await until(async () => (await get(Workload, `/workloads/${WEB}`)).nics[0]?.addresses.length);
  writeFileSync(policyFile, POLICY);
  await good('policy', 'apply', policyFile);
});
after(() => house.close());

test('a rule counts what it decides, and goes on where it was after a restart', async () => {
  const now = Date.now();
  const flow = { ...out, id: 1, dport: 5432, rule: numberOf('db'), firstMs: now };
  house.flows({ ...flow, packets: [3, 2], bytes: [300, 200] }, { ...out, id: 2, dport: 80, firstMs: now });
  const first = await until(async () => {
    const found = await rule('db');
    return found?.flows === 1 ? found : null;
  });
  assert.deepEqual([first.packets, first.bytes, first.line], [[3, 2], [300, 200], 3]);
  await house.daemon?.stop();
  await openDaemon();
  assert.deepEqual((await rule('db'))?.bytes, [300, 200]);
  house.flows({ ...flow, packets: [4, 2], bytes: [360, 200], deltaPackets: [1, 0], deltaBytes: [60, 0] });
  const next = await until(async () => {
    const found = await rule('db');
    return found?.packets[0] === 4 ? found : null;
  });
  assert.deepEqual([next.flows, next.bytes, next.since], [1, [360, 200], first.since]);
  assert.ok(next.last !== null && (await rule('old-db'))?.last === null);
});

test('explain says how much a rule decides', async () => {
  const asked = ['--from', 'vm:web-1', '--to', '192.0.2.7', '--port'];
  assert.match(
    await good('explain', ...asked, 'tcp/5432'),
    /^rule +db \(line 3\): matches; has decided 1 flows, last /m,
  );
  assert.match(
    await good('explain', ...asked, 'tcp/5433'),
    /^rule +old-db \(line 5\): matches; has decided nothing yet/m,
  );
});

test('time is watched only while dp judges by what is live', async () => {
  assert.equal((await rule('old-db'))?.watchedMs, 0);
  await until(async () => {
    const { generation } = await get(LivePolicy, '/policy');
    const compiled = { generation, compileMs: 1, refused: null };
    house.status({ policy: { ...compiled, kept: true, unconfirmed: null, wentBack: null } });
    return ((await rule('old-db'))?.watchedMs ?? 0) > 0;
  });
});

test('what was learned and decides nothing any more is forgotten, what was written is taken out', async () => {
  house.flows({ ...out, id: 5, dport: 9000, firstMs: Date.now(), end: 1 });
  const learned = await until(async () => {
    const { items } = await get(LearnedRules, '/policy/learned');
    return items.find(({ ports }) => ports.includes('tcp/9000'));
  }, 60_000);
  await until(async () => (await rule(learned.id))?.since);
  await house.daemon?.stop();
  age(40 * DAY_MS);
  await openDaemon();

  const { items } = await get(UnusedRules, '/policy/unused');
  const ids = items.map(({ id }) => id);
  assert.ok(ids.includes('old-db') && ids.includes(learned.id), ids.join());
  assert.ok(!ids.includes('no-telnet'), 'a deny that nothing meets does its job');
  assert.match(await good('policy', 'rules', '--unused-for', '30d'), /^no-telnet +line 6 .* never +40d/m);
  const sorted = await good('policy', 'rules', '--sort', 'flows', '-o', 'json');
  assert.equal(JSON.parse(sorted)[0].id, 'db');
  assert.match(await good('policy', 'unused', '-o', 'diff'), /^- {2}- \{ id: old-db, /m);

  for (const argv of [['lint'], ['lint', policyFile]])
    assert.match(
      await good('policy', ...argv),
      /^(version 1|.*policy\.yaml):5:\d+: warning: `old-db`: has matched nothing in 960 watched hours; .* \[never-matched\]$/m,
    );
  const changed = join(house.folder, 'changed.yaml');
  writeFileSync(changed, POLICY.replaceAll('tcp/5433', 'tcp/5434').replace('tcp/23', 'tcp/24'));
  assert.doesNotMatch(await good('policy', 'lint', changed), /never-matched/, 'these say something else');

  assert.match((await vmoat('policy', 'unused', '--remove', 'db2')).err, /rule "db2" is not proposed/);
  const removed = await good('policy', 'unused', '--remove', 'old-db', learned.id);
  assert.equal(removed, `removed old-db\nforgotten ${learned.id}\nversion 2 is live\n`);
  const { text, version } = await get(LivePolicy, '/policy');
  assert.equal(text, POLICY.replace(/^.*id: old-db.*\n/m, ''));
  assert.equal(version?.reason, `unused for 30 days: old-db, ${learned.id}`);
  const left = await get(LearnedRules, '/policy/learned');
  assert.ok(!left.items.some(({ id }) => id === learned.id));
  await good('policy', 'rollback', '1');
  assert.deepEqual((await rule('old-db'))?.idleMs, 0);
  const isBack = async (): Promise<boolean> =>
    (await get(LearnedRules, '/policy/learned')).items.some(({ id }) => id === learned.id);
  await until(isBack, 60_000);

  const said = await good('policy', 'learned', '--forget', '--vm', 'web-1', '--reason', 'a mistake');
  assert.match(said, /^version 4 is live\n0 learned rules are left\n$/);
  assert.equal(await isBack(), false);
  assert.equal(
    await good('policy', 'learned', '--forget', '--vm', 'web-1'),
    '0 learned rules are left\n',
    'what is forgotten already is no version',
  );
  assert.match(await good('policy', 'log'), /^ *4 +live .* a mistake *$/m);
  await good('policy', 'rollback', '3');
  await until(isBack, 60_000);
});

test('that a rule is proposed is an event', async () => {
  await house.daemon?.stop();
  age(31 * DAY_MS);
  await openDaemon();
  const event = await until(async () => {
    const { items } = await get(Page(EventRecord), '/events?kind=rules-unused');
    return items.find(({ subjects }) => subjects.some(({ kind, id }) => kind === 'rule' && id === 'old-db'));
  }, 120_000);
  assert.match(event.text, /decided nothing in 30 days of watching: .*old-db/);
});
