import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ManualClock } from '../base/clock.ts';
import { ownCertificate, selfSigned } from './certificate.ts';
import { queryMark, readCursor, writeCursor } from './cursor.ts';
import { splitAddress } from './listeners.ts';
import { momentOf } from './moment.ts';
import type { Flow, Threat } from './schema.ts';
import { Sessions } from './sessions.ts';
import { BUFFER_BYTES_MAX, StreamClient } from './stream-client.ts';
import { findEnd, findWorkload } from './workload-name.ts';

const folder = mkdtempSync(join(tmpdir(), 'hos-api-'));
after(() => rmSync(folder, { recursive: true }));
const NOW = Date.parse('2026-11-20T12:00:00Z');
const DAY_MS = 86_400_000;
const VIEWER = { role: 'viewer', user: '' } as const;

test('the certificate is valid, for these names, signed by its own key', () => {
  const made = selfSigned(['host.example', 'localhost', '127.0.0.1', '::1'], NOW);
  const certificate = new X509Certificate(made.certificate);
  assert.ok(certificate.verify(certificate.publicKey));
  assert.equal(certificate.checkHost('host.example'), 'host.example');
  assert.equal(certificate.checkIP('127.0.0.1'), '127.0.0.1');
  assert.equal(certificate.checkIP('::1'), '::1');
  assert.equal(certificate.checkHost('other.example'), undefined);
  assert.equal(certificate.ca, false);
  assert.ok(Date.parse(certificate.validFrom) < NOW);
  assert.ok(Date.parse(certificate.validTo) > NOW + 390 * DAY_MS);
});

test('the certificate is kept, and renewed before it ends or when it is broken', () => {
  const first = ownCertificate(folder, NOW);
  assert.equal(ownCertificate(folder, NOW + 300 * DAY_MS).fingerprint, first.fingerprint);
  const second = ownCertificate(folder, NOW + 380 * DAY_MS);
  assert.notEqual(second.fingerprint, first.fingerprint);
  writeFileSync(join(folder, 'web-certificate.pem'), 'broken');
  assert.notEqual(ownCertificate(folder, NOW).fingerprint, second.fingerprint);
});

test('a secret works once and not for long; sessions outlive hostd, hashed, and end', () => {
  const file = join(folder, 'sessions.json');
  const clock = new ManualClock(NOW);
  const sessions = new Sessions({ file, clock });
  const { secret } = sessions.issue(VIEWER);
  const { token } = sessions.exchange(secret);
  assert.throws(() => sessions.exchange(secret), { code: 'bootstrap_refused' });
  assert.throws(() => sessions.exchange('made up'), { code: 'bootstrap_refused' });
  const text = readFileSync(file, 'utf8');
  assert.ok(!text.includes(token) && !text.includes(secret));
  const later = new Sessions({ file, clock });
  assert.equal(later.find(token)?.role, 'viewer');
  assert.equal(later.find(''), null);
  assert.equal(later.find(`${token}x`), null);
  clock.advance(8 * DAY_MS);
  assert.equal(later.find(token), null);
  const old = sessions.issue(VIEWER);
  clock.advance(11 * 60_000);
  assert.throws(() => sessions.exchange(old.secret), { code: 'bootstrap_refused' });
  writeFileSync(file, '{"broken');
  assert.equal(new Sessions({ file, clock }).find(token), null);
});

test('a session may what whoever asked for its secret may', () => {
  const sessions = new Sessions({ file: join(folder, 'roles.json'), clock: new ManualClock(NOW) });
  const { token } = sessions.exchange(sessions.issue({ role: 'admin', user: 'ann' }).secret);
  const found = new Sessions({ file: join(folder, 'roles.json'), clock: new ManualClock(NOW) }).find(token);
  assert.deepEqual([found?.role, found?.user], ['admin', 'ann']);
});

test('secrets and sessions are bounded', () => {
  const sessions = new Sessions({ file: null, clock: new ManualClock(NOW) });
  const first = sessions.issue(VIEWER);
  for (let n = 0; n < 16; n++) sessions.issue(VIEWER);
  assert.throws(() => sessions.exchange(first.secret), { code: 'bootstrap_refused' });
  const tokens = Array.from({ length: 101 }, () => sessions.exchange(sessions.issue(VIEWER).secret).token);
  assert.equal(sessions.find(tokens[0] ?? ''), null);
  assert.ok(sessions.find(tokens[100] ?? ''));
});

const moments: [string, number | null][] = [
  ['90s', NOW - 90_000],
  ['15m', NOW - 900_000],
  ['2h', NOW - 7_200_000],
  ['7d', NOW - 7 * DAY_MS],
  ['250ms', NOW - 250],
  ['2026-11-20T11:00:00Z', NOW - 3_600_000],
  ['2026-11-20T13:00:00.5+02:00', NOW - 3_599_500],
  ['2026-11-20 11:00Z', NOW - 3_600_000],
  ['2026-11-20', null],
  ['2026-02-31T99:00:00Z', null],
  ['-5m', null],
  ['5', null],
  ['', null],
];
for (const [text, expected] of moments)
  test(`the moment ${JSON.stringify(text)}`, () => assert.equal(momentOf(text, NOW), expected));

test('a cursor comes back as it went, and only with its own query', () => {
  const mark = queryMark({ app: 'dns', port: 53 });
  assert.equal(mark, queryMark({ port: 53, app: 'dns' }));
  const cursor = writeCursor({ first: 5, id: 'x-1' }, mark);
  assert.deepEqual(readCursor(cursor, mark), { first: 5, id: 'x-1' });
  for (const wrong of [cursor.slice(1), '', 'e30', Buffer.from('{"first":"a"}').toString('base64url')])
    assert.throws(() => readCursor(wrong, mark), { code: 'bad_cursor' });
  assert.throws(() => readCursor(cursor, queryMark({ app: 'http' })), { code: 'bad_cursor' });
});

const VMS = [
  { id: 'aaaa1111-0000-4000-8000-000000000001', name: 'web-1' },
  { id: 'aaaa2222-0000-4000-8000-000000000002', name: 'Web-1' },
  { id: 'bbbb2222-0000-4000-8000-000000000003', name: 'aaaa' },
];

test('names, UUIDs and their beginnings; what is meant by several is said', () => {
  assert.equal(findWorkload(VMS, 'web-1', 'id').id, VMS[0]?.id);
  assert.equal(findWorkload(VMS, 'aaaa', 'id').id, VMS[2]?.id);
  assert.equal(findWorkload(VMS, 'aaaa1', 'id').id, VMS[0]?.id);
  assert.throws(() => findWorkload(VMS, 'WEB-1', 'id'), { code: 'name_ambiguous', field: 'id' });
  assert.throws(() => findWorkload(VMS.slice(0, 2), 'aaaa', 'id'), { code: 'name_ambiguous' });
  assert.throws(() => findWorkload(VMS, 'web1', 'to'), {
    code: 'workload_unknown',
    hint: /web-1/,
    field: 'to',
  });
});

test('ends of flows that are no VM', () => {
  const nodes = [{ id: 'network:lan', kind: 'network' as const, name: 'lan' }];
  assert.deepEqual(findEnd(VMS, nodes, 'lan', 'to'), { id: 'lan' });
  assert.deepEqual(findEnd(VMS, nodes, 'host', 'to'), { id: 'host' });
  assert.deepEqual(findEnd(VMS, nodes, '10.0.0.1', 'to'), { address: '10.0.0.1' });
  assert.deepEqual(findEnd(VMS, nodes, 'FE80::1', 'to'), { address: 'fe80::1' });
});

test('addresses to listen on', () => {
  assert.deepEqual(splitAddress('127.0.0.1:8443'), { host: '127.0.0.1', port: 8443 });
  assert.deepEqual(splitAddress('[::1]:0'), { host: '::1', port: 0 });
});

test('a slow reader of the stream misses what its buffer does not hold, counted and told', () => {
  const written: string[] = [];
  const reader = { writableLength: 0, write: (text: string) => written.push(text) };
  const all = { flows: () => true, threats: () => true, events: () => true };
  const client = new StreamClient(reader, ['flows', 'threats', 'status'], all);
  const flow = { id: 'a', first: '', last: '' } as Flow;
  assert.equal(client.items('flows', [flow]), 0);
  reader.writableLength = BUFFER_BYTES_MAX;
  assert.equal(client.items('flows', [flow, flow]), 2);
  assert.equal(client.items('threats', [{ id: 't' } as Threat]), 1);
  client.state('status', '{}');
  client.heartbeat();
  assert.equal(written.length, 1);
  reader.writableLength = 0;
  client.state('graph', '{}');
  client.state('status', '{"kind":"status"}');
  assert.deepEqual(written.slice(1), [
    'event: dropped\ndata: {"kind":"dropped","flows":2,"threats":1,"events":0}\n\n',
    'event: status\ndata: {"kind":"status"}\n\n',
  ]);
  client.items(
    'flows',
    Array.from({ length: 501 }, () => flow),
  );
  assert.equal(written.length, 5, 'at most 500 flows in an event');
});
