import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { loadAddon } from '../client/addon.ts';
import { deadlineIn, type Moment } from '../client/deadline.ts';
import type { PolicyTables } from '../contract/policy.ts';
import { type Kept, NOTHING_KEPT } from './kept.ts';
import { openState } from './open-state.ts';
import { StateFile } from './state-file.ts';

const START: Moment = { wall_ms: Date.parse('2026-11-20T12:00:00Z'), boot: 'one', uptime_ms: 50_000 };
const addon = { Policy: loadAddon().Policy, lockDirectory: () => true };

let folder: string;
let said: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vmoat-kept-'));
  said = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

const tables = (generation: number, rules: PolicyTables['rules'] = []): PolicyTables => ({
  generation,
  groups: ['any', 'host', 'external'].map((name) => ({
    ...{ name, mode: null, failPolicy: 'open', addresses: [], fqdn: [] },
  })),
  ...{ rules, nics: [], unknown: [0], ends: [] },
});
const trial = (): Kept => ({
  ...NOTHING_KEPT,
  policy: tables(2),
  unconfirmed: { trial: '2@1', deadline: deadlineIn(60_000, START), previous: tables(1) },
});

const open = (now: Moment = START): Kept =>
  openState(
    addon,
    folder,
    loadAddon().registry.applications,
    (level, text, more) => said.push(`${level} ${text} ${more?.reason ?? ''}`),
    () => now,
  ).kept;
const write = (kept: unknown): Promise<void> => new StateFile(folder).write(JSON.stringify(kept));

test('nothing is there at first; what was written is there again', async () => {
  assert.deepEqual(open(), NOTHING_KEPT);
  const { write: keep } = openState(addon, folder, [], () => undefined);
  await keep(trial());
  assert.deepEqual(open(), trial());
});

test('a trial goes on in another boot, and ends where its time ran out meanwhile', async () => {
  await write(trial());
  const goesOn = open({ wall_ms: START.wall_ms + 20_000, boot: 'two', uptime_ms: 3_000 });
  assert.deepEqual(
    [goesOn.policy?.generation, goesOn.unconfirmed?.deadline.boot, goesOn.unconfirmed?.deadline.uptime_ms],
    [2, 'two', 43_000],
  );
  for (const wall_ms of [START.wall_ms + 61_000, 0]) {
    const over = open({ wall_ms, boot: 'two', uptime_ms: 3_000 });
    assert.deepEqual(
      [over.policy?.generation, over.unconfirmed, over.wentBack?.trial],
      [1, null, '2@1'],
      String(wall_ms),
    );
  }
  const sameBoot = open({ ...START, uptime_ms: START.uptime_ms + 60_000 });
  assert.equal(sameBoot.policy?.generation, 1);
});

test('what cannot be believed is set aside and told, and nothing of it counts', async () => {
  const rule = { number: 1, id: 'r', from: 9, to: 0, applications: [], ports: [] };
  const bad: [unknown, RegExp][] = [
    ['no object', /policy: is no object/],
    [{ ...trial(), policy: 7 }, /policy: is no object/],
    [{ ...trial(), policy: { ...tables(1), rules: 'none' } }, /policy: rules: is no list/],
    [{ ...trial(), policy: tables(1, [{ ...rule, action: 'allow', learned: false }]) }, /rules\[0\]/],
    [{ ...trial(), unconfirmed: { trial: 1 } }, /unconfirmed: trial/],
    [{ ...trial(), nics: [1] }, /inventory/],
    [{ ...trial(), segments: [{ segment: 0, link: 'br0', vlan: 0 }] }, /segments/],
    [{ ...trial(), wentBack: {} }, /wentBack/],
  ];
  for (const [kept, reason] of bad) {
    said.splice(0);
    await write(kept);
    assert.deepEqual(open(), NOTHING_KEPT);
    assert.match(said.join('\n'), /^error what was kept is not believed: starting without/);
    assert.match(said.join('\n'), reason);
    assert.equal(existsSync(join(folder, 'state')), false);
    assert.equal(existsSync(join(folder, 'state.refused')), true);
  }
  writeFileSync(join(folder, 'state'), 'something else');
  chmodSync(join(folder, 'state'), 0o600);
  assert.deepEqual(open(), NOTHING_KEPT);
});

test('a folder that cannot be made is told, and vmoat-dp starts', () => {
  writeFileSync(join(folder, 'file'), '');
  const { kept } = openState(addon, join(folder, 'file', 'below'), [], (level, text) =>
    said.push(`${level} ${text}`),
  );
  assert.deepEqual([kept, said], [NOTHING_KEPT, ['error nothing is kept over a restart']]);
});
