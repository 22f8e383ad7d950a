import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Evidence } from '../../base/evidence.ts';
import { silentLog } from '../../base/log.ts';
import { seen, vm } from '../evidence-fixture.ts';
import { Learner, type LearnerOptions } from './learner.ts';

const MINUTE_MS = 60_000;

const toDb = (from: string, change: Partial<Evidence> = {}): Evidence =>
  seen(vm(from), vm('db'), { flows: 2, ...change });

/** A learner whose time, traffic and disk the test has in its hands. */
function make(
  disk: { rows: Map<string, Evidence>; until: number | null } = { rows: new Map(), until: null },
) {
  const made = {
    now: 100 * MINUTE_MS,
    traffic: [] as Evidence[],
    asked: [] as [number, number][],
    told: 0,
    fails: false,
    forgets: [] as number[],
    forgotten: [] as [version: number, keys: number][],
    followed: '',
    onFollow: (_rows: Map<string, Evidence>): void => undefined,
  };
  const options: LearnerOptions = {
    clock: { now: () => made.now, every: () => () => undefined },
    log: silentLog,
    begun: async (since, until) => {
      made.asked.push([since, until]);
      return made.traffic;
    },
    members:
      () =>
      ({ name }) => ({ own: `vm.${name}`, service: null, learns: name !== 'kept' }),
    isRuled: (evidence) => evidence.map(({ app }) => app === 'ntp'),
    load: async () => ({ evidence: [...disk.rows], until: disk.until }),
    save: async (changed, until) => {
      if (made.fails) throw new Error('the disk is full');
      for (const [key, evidence] of changed) disk.rows.set(key, evidence);
      disk.until = until;
    },
    forgets: () => made.forgets,
    forget: async (version, keys) => {
      made.forgotten.push([version, keys.length]);
      for (const key of keys) disk.rows.delete(key);
    },
    follow: async (versions) => {
      const changes = String(versions) !== made.followed;
      made.followed = String(versions);
      if (changes) made.onFollow(disk.rows);
      return changes;
    },
    use: async () => {
      made.told++;
    },
  };
  return { made, disk, learner: new Learner(options) };
}

test('windows follow each other without gap, and what is known already only grows', async () => {
  const { made, learner } = make();
  await learner.look();
  assert.deepEqual(made.asked, [], 'what began before it started is not its affair');
  made.traffic = [toDb('web'), toDb('web', { app: 'ntp', port: 123 }), toDb('kept')];
  made.now += MINUTE_MS;
  await learner.look();
  made.now += MINUTE_MS;
  await learner.look();
  assert.equal(made.asked[1]?.[0], made.asked[0]?.[1]);
  assert.deepEqual(
    learner.rules.map(({ from, to, applications, provenance }) => [from, to, applications, provenance.flows]),
    [['vm.web', 'vm.db', ['postgresql'], 2]],
  );
  assert.equal(learner.evidence[0]?.flows, 4);
  assert.equal(made.told, 1, 'only what is new is told');
  assert.deepEqual(learner.left, { 'an end is not in learn': 4 });
});

test('it is there after a restart, and forgotten when asked to', async () => {
  const { made, disk, learner } = make();
  await learner.look();
  made.traffic = [toDb('web'), toDb('app')];
  made.now += MINUTE_MS;
  await learner.look();
  const next = make(disk);
  await next.learner.forget(({ from }) => from.name === 'web', 3);
  assert.deepEqual(next.made.forgotten, [[3, 1]]);
  assert.deepEqual(
    next.learner.rules.map(({ from }) => from),
    ['vm.app'],
  );
  assert.equal(disk.rows.size, 1);
});

test('what the live version does not forget comes back', async () => {
  const { made, disk, learner } = make();
  await learner.look();
  made.traffic = [toDb('web'), toDb('app')];
  made.now += MINUTE_MS;
  await learner.look();
  made.traffic = [];
  const all = new Map(disk.rows);
  await learner.forget(() => true, 3);
  made.forgets = [3];
  await learner.look();
  assert.deepEqual(learner.rules, []);
  made.forgets = [];
  made.onFollow = (rows) => {
    for (const [key, evidence] of all) rows.set(key, evidence);
  };
  await learner.look();
  assert.deepEqual(
    learner.rules.map(({ from }) => from),
    ['vm.app', 'vm.web'],
  );
});

test('what could not be written is looked at again', async () => {
  const { made, learner } = make();
  await learner.look();
  made.traffic = [toDb('web')];
  made.now += MINUTE_MS;
  made.fails = true;
  await learner.look();
  assert.deepEqual(learner.rules, []);
  made.fails = false;
  made.now += MINUTE_MS;
  await learner.look();
  assert.equal(made.asked[1]?.[0], made.asked[0]?.[0]);
  assert.equal(learner.rules.length, 1);
});
