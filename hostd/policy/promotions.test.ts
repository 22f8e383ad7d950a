import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ManualClock } from '../base/clock.ts';
import type { Evidence } from '../base/evidence.ts';
import { silentLog } from '../base/log.ts';
import type { Unplaced } from './groups/membership.ts';
import { Policy } from './policy.ts';
import { Promotions } from './promotions.ts';
import { FileStore } from './store/file-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'hos-promotions-'));
after(() => rmSync(folder, { recursive: true }));
const HOUR_MS = 3_600_000;
const T0 = Date.parse('2026-11-20T12:00:00Z');
const WEB: Unplaced = {
  ...{ id: 'uuid-web', name: 'web', title: null, state: 'running', os: null },
  ...{ tags: [], persistent: true, nics: [] },
};
const end = (id: string) => ({ kind: 'vm' as const, id, name: id, address: null });
const SEEN: Evidence = {
  ...{ from: end('uuid-web'), to: end('uuid-db'), app: 'http', confidence: 'sure', proto: 'tcp', port: 80 },
  ...{ direction: 'seen', flagged: false, flows: 5, first: T0 - HOUR_MS, last: T0, example: 'a' },
};
const TEXT = `version: vmoat/v1
groups:
  - { name: web, match: [{ name: web }], mode: learn, promote: { monitorAfter: 10h, protectAfter: 20h } }
  - { name: never, match: [{ name: web }], mode: learn }
`;

test('a group is promoted when it was quiet for long enough, told before, by a version of its own', async () => {
  const clock = new ManualClock(T0);
  const policy = await Policy.open({
    store: await FileStore.open(folder),
    clock,
    moment: () => ({ wall_ms: clock.now(), boot: 'one', uptime_ms: clock.now() }),
    hostName: 'kvm',
    defaultMode: 'learn',
  });
  policy.attach(
    {
      workloads: () => [{ ...WEB, ...policy.place(WEB) }],
      ends: () => [],
      givenAddresses: () => new Map(),
      foreignTaps: () => [],
    },
    {
      onTables: () => undefined,
      onPlaces: () => undefined,
      onNews: () => undefined,
      compile: () => undefined,
    },
  );
  await policy.versions.apply({
    ...{ author: 'ann', reason: '', text: TEXT, base: 0, source: null, confirmWithin_ms: null },
  });
  const told: string[] = [];
  let learned: Evidence[] = [];
  let violated = new Map<string, number>();
  const promotions = new Promotions({
    clock,
    log: silentLog,
    policy,
    evidence: async () => [SEEN],
    hours: async (since, until) =>
      Array.from({ length: Math.floor((until - since) / HOUR_MS) }, (_, hour) => since + hour * HOUR_MS),
    learned: () => learned,
    violations: async () => violated,
    onDue: (group, { to, at }) => told.push(`${group} ${to} ${new Date(at).toISOString().slice(11, 16)}`),
  });
  const mode = () => policy.document.groups.map((group) => group.mode).join();
  const pass = async (hours: number): Promise<void> => {
    clock.advance(hours * HOUR_MS);
    await promotions.look();
  };
  await pass(8);
  assert.deepEqual(told, []);
  learned = [{ ...SEEN, first: clock.now() }];
  await pass(4);
  assert.deepEqual([told, mode()], [[], 'learn,learn'], 'something new was learned meanwhile');
  await pass(5.5);
  assert.deepEqual([told, mode()], [['web monitor 06:30'], 'learn,learn']);
  await pass(1);
  assert.equal(mode(), 'monitor,learn');
  assert.equal(policy.versions.list.at(-1)?.author, 'vmoat');
  violated = new Map([['uuid-web', clock.now() + 5 * HOUR_MS]]);
  await pass(21);
  assert.equal(told.length, 1, 'a violation makes it wait');
  await pass(4);
  await pass(2);
  assert.deepEqual([told.length, mode()], [2, 'protect,learn']);
  promotions.stop();
  policy.stop();
});
