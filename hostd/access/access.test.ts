import assert from 'node:assert/strict';
import {
  appendFileSync,
  chownSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ManualClock } from '../base/clock.ts';
import { AuditLog, type NewEntry } from './audit-log.ts';
import { Failures } from './failures.ts';
import { appendOffline } from './offline-audit.ts';
import { Tokens } from './tokens.ts';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const DAY_MS = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), 'vmoat-access-'));
after(() => rmSync(folder, { recursive: true }));

const request = (name: string) => ({
  name,
  role: 'viewer' as const,
  scopes: ['flows:read'],
  expires: NOW + DAY_MS,
});

test('a token: found by its secret, hashed on disk, void when it expires or is revoked', async () => {
  const clock = new ManualClock(NOW);
  const file = join(folder, 'tokens.json');
  const tokens = new Tokens({ file, clock });
  const { token, secret } = await tokens.create(request('ci'), 'ann');
  assert.match(secret, /^vmoat_[\w-]{43}$/);
  assert.deepEqual(
    [token.by, token.role, token.scopes, token.lastUsed],
    ['ann', 'viewer', ['flows:read'], null],
  );
  const text = readFileSync(file, 'utf8');
  assert.ok(!text.includes(secret) && !text.includes(secret.slice(6)));
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(tokens.find(secret)?.id, token.id);
  assert.equal(tokens.find(`${secret}x`), null);
  assert.equal(tokens.find(''), null);
  const later = new Tokens({ file, clock });
  assert.equal(later.find(secret)?.name, 'ci', 'it outlives hostd');
  clock.advance(DAY_MS);
  assert.equal(later.find(secret), null);
  const again = await later.create({ ...request('ci'), expires: NOW + 3 * DAY_MS }, 'ann');
  assert.notEqual(again.token.id, token.id, 'the name of an expired one is free');
  assert.equal((await later.revoke('ci'))?.id, again.token.id);
  assert.equal(later.find(again.secret), null);
  assert.equal(await later.revoke('ci'), null);
});

test('root writes into the log of a hostd that does not run, and takes no file from it', async () => {
  const clock = new ManualClock(NOW);
  const own = join(folder, 'offline');
  const missing = appendOffline(own, clock, entry());
  await assert.rejects(missing, { code: 'audit_failed' });
  const before = new AuditLog(own, clock);
  await before.append({ ...entry(), action: 'before' });
  await before.close();
  if (process.getuid?.() === 0) chownSync(own, 65_534, 65_534);
  await appendOffline(own, clock, { ...entry(), action: 'offline' });
  const { entries } = await new AuditLog(own, clock).find({}, null, 10);
  assert.deepEqual(
    entries.map(({ action }) => action),
    ['offline', 'before'],
  );
  const { uid } = statSync(own);
  for (const name of readdirSync(own)) assert.equal(statSync(join(own, name)).uid, uid);
});

test('names are taken once, also by requests at the same time', async () => {
  const tokens = new Tokens({ file: join(folder, 'twice.json'), clock: new ManualClock(NOW) });
  const made = await Promise.allSettled([tokens.create(request('a'), ''), tokens.create(request('a'), '')]);
  assert.deepEqual(made.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  assert.equal(tokens.list().length, 1);
});

test('a file of tokens that cannot be read stops the start', () => {
  const file = join(folder, 'broken.json');
  writeFileSync(file, '{"version":1,"tokens":[{}]}');
  assert.throws(() => new Tokens({ file, clock: new ManualClock(NOW) }), { code: 'tokens_broken' });
});

const entry = (change: Partial<NewEntry> = {}): NewEntry => ({
  user: 'ann',
  role: 'admin',
  from: 'admin.sock',
  action: 'POST /threats/{id}/acknowledge',
  target: '1',
  result: 'done',
  code: null,
  before: 'open',
  after: 'acknowledged',
  ...change,
});

test('the audit log: newest first, by time and user, in pages, over months and a torn line', async () => {
  const place = join(folder, 'audit');
  const clock = new ManualClock(NOW);
  const log = new AuditLog(place, clock);
  await Promise.all([1, 2, 3].map((target) => log.append(entry({ target: String(target) }))));
  clock.advance(11 * DAY_MS);
  await log.append(entry({ target: '4', user: 'bob' }));
  await log.close();
  const files = readdirSync(place).sort();
  assert.deepEqual(files, ['audit-2026-11.jsonl', 'audit-2026-12.jsonl']);
  assert.equal(statSync(join(place, 'audit-2026-11.jsonl')).mode & 0o777, 0o600);
  appendFileSync(join(place, 'audit-2026-12.jsonl'), '{"id":"torn');
  const next = new AuditLog(place, clock);
  await next.append(entry({ target: '5' }));
  const targets = async (filter = {}, position: { id: string } | null = null, limit = 10) =>
    (await next.find(filter, position, limit)).entries.map(({ target }) => target).join('');
  assert.equal(await targets(), '54321');
  assert.equal(await targets({ user: 'bob' }), '4');
  assert.equal(await targets({ since: NOW + DAY_MS }), '54');
  assert.equal(await targets({ until: NOW + DAY_MS }), '321');
  const page = await next.find({}, null, 3);
  assert.equal(page.entries.length, 3);
  assert.equal(await targets({}, page.next), '21');
  await next.close();
});

test('refusals are bounded, changes are not', async () => {
  const log = new AuditLog(join(folder, 'refusals'), new ManualClock(NOW));
  for (let n = 0; n < 70; n++) await log.append(entry({ result: 'refused' }));
  await log.append(entry());
  assert.deepEqual(log.lost, { auditRefusals: 10 });
  assert.equal((await log.find({}, null, 100)).entries.length, 61);
  await log.close();
});

test('a log that cannot be written says so', async () => {
  const place = join(folder, 'gone');
  const log = new AuditLog(place, new ManualClock(NOW));
  rmSync(place, { recursive: true });
  await assert.rejects(log.append(entry()), { code: 'audit_failed' });
});

test('failures: blocked after twenty within a minute, each client alone', () => {
  const clock = new ManualClock(NOW);
  const failures = new Failures(clock);
  for (let n = 0; n < 20; n++) {
    assert.equal(failures.isBlocked('a'), false);
    failures.note('a');
  }
  assert.deepEqual([failures.isBlocked('a'), failures.isBlocked('b')], [true, false]);
  clock.advance(60_000);
  assert.equal(failures.isBlocked('a'), false);
});
