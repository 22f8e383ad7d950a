import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Mode, PolicyGroup, PolicyTables } from '../contract/policy.ts';
import { GuardMarker } from './guard-marker.ts';

const group = (mode: Mode | null, failPolicy: PolicyGroup['failPolicy']): PolicyGroup => ({
  ...{ name: 'g', mode, failPolicy, addresses: [], fqdn: [] },
});
const policy = (...groups: PolicyGroup[]): PolicyTables => ({
  ...{ generation: 1, groups, rules: [], nics: [], unknown: [], ends: [] },
});

test('the marker is there while a policy has a group in protect, and says how it fails', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'vmoat-marker-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'guard');
  const follow = (...policies: (PolicyTables | null)[]): void =>
    // a new one each time: what an earlier run left counts
    new GuardMarker(folder, (_, text) => assert.fail(text)).follow(policies);
  follow(null, policy(group('learn', 'closed')));
  assert.ok(!existsSync(path));
  follow(policy(group('learn', 'closed'), group('protect', 'open')));
  assert.equal(readFileSync(path, 'utf8'), 'open');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  follow(policy(group('protect', 'open')), policy(group('protect', 'closed')));
  assert.equal(readFileSync(path, 'utf8'), 'closed');
  follow(policy());
  assert.ok(!existsSync(path));
});

test('a folder that takes nothing is told', () => {
  const said: string[] = [];
  new GuardMarker('/proc/nowhere', (_, text) => said.push(text)).follow([policy(group('protect', 'open'))]);
  assert.equal(said.length, 1);
});
