// Who may what over the API: tokens, sessions, the page, the audit log, and guessing.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect } from 'node:tls';
import {
  AuditEntry,
  NewToken,
  Page,
  Problem,
  Session,
  Status,
  Threat,
  WebLogin,
} from '../../hostd/api/schema.ts';
import { ask, get, house, V1 } from './api-house.ts';
import { type Asked, askHttps, askSocket } from './ask.ts';

const makeToken = async (body: object): Promise<string> => {
  const answer = await askSocket(house.admin, `${V1}/tokens`, { method: 'POST', body });
  assert.equal(answer.status, 200, answer.text);
  return NewToken.parse(answer.json).secret;
};

const bearer = (secret: string, asked: Asked = {}): Asked => ({
  ...asked,
  headers: { authorization: `Bearer ${secret}` },
});

test('tokens: each role may what it may, each scope what it says, over HTTPS alone', async () => {
  const page = house.daemon?.page ?? '';
  const [threat] = (await get(Page(Threat), '/threats?name=land')).items;
  const ack = `${V1}/threats/${threat?.id}/acknowledge`;
  const status = async (secret: string, path: string, asked: Asked = {}): Promise<number> =>
    (await askHttps(page, path, bearer(secret, asked))).status;
  const viewer = await makeToken({ name: 'v', role: 'viewer', expires: '30d' });
  const operator = await makeToken({ name: 'o', role: 'operator' });
  const admin = await makeToken({ name: 'a', role: 'admin' });
  const scoped = await makeToken({ name: 's', role: 'admin', scopes: ['flows:read', 'tokens:write'] });
  const post = { method: 'POST' };
  assert.deepEqual(
    [await status(viewer, `${V1}/status`), await status(viewer, '/metrics'), await status(viewer, ack, post)],
    [200, 200, 403],
  );
  assert.deepEqual([await status(operator, ack, post), await status(operator, `${V1}/tokens`)], [200, 403]);
  assert.equal((await get(Threat, `/threats/${threat?.id}`)).acknowledged?.by, 'token:o');
  assert.deepEqual([await status(admin, `${V1}/tokens`), await status(admin, `${V1}/audit`)], [200, 200]);
  assert.deepEqual(
    [
      await status(scoped, `${V1}/flows`),
      await status(scoped, `${V1}/threats`),
      await status(scoped, '/metrics'),
      await status(scoped, ack, { method: 'DELETE' }),
    ],
    [200, 403, 403, 403],
  );
  const wider = { method: 'POST', body: { name: 'wider', role: 'admin' } };
  assert.equal(await status(scoped, `${V1}/tokens`, wider), 403, 'no way around its scopes');
  assert.equal(await status(viewer, `${V1}/web-login`, post), 403);
  assert.equal(await status(viewer, `${V1}/session`), 404);
  assert.equal((await ask(ack, bearer(admin, post))).status, 403, 'the socket knows no tokens');
  await askSocket(house.admin, `${V1}/tokens/v`, { method: 'DELETE' });
  assert.equal(await status(viewer, `${V1}/status`), 401);
  await askSocket(house.admin, ack, { method: 'DELETE' });
});

test('tokens: what is wrong with one that is asked for', async () => {
  const wrong = async (body: object): Promise<[number, string | undefined]> => {
    const answer = await askSocket(house.admin, `${V1}/tokens`, { method: 'POST', body });
    return [answer.status, Problem.parse(answer.json).field];
  };
  assert.deepEqual(await wrong({ name: 'a', role: 'viewer' }), [409, 'name']);
  assert.deepEqual(await wrong({ name: 'x', role: 'root' }), [400, 'role']);
  assert.deepEqual(await wrong({ name: 'x y', role: 'viewer' }), [400, 'name']);
  assert.deepEqual(await wrong({ name: 'x', role: 'viewer', scopes: ['flow:read'] }), [400, 'scopes']);
  assert.deepEqual(await wrong({ name: 'x', role: 'viewer', expires: '400d' }), [400, 'expires']);
  assert.deepEqual(await wrong({ name: 'x', role: 'viewer', expires: '1s' }), [400, 'expires']);
});

test('the audit log: who, from where, what, before and after; refusals, too; never a secret', async () => {
  const [threat] = (await get(Page(Threat), '/threats?name=land')).items;
  const ack = `${V1}/threats/${threat?.id}/acknowledge`;
  const asked = { method: 'POST', headers: { 'vmoat-user': 'ann' } };
  await askSocket(house.admin, ack, asked);
  await askSocket(house.admin, ack, { method: 'DELETE' });
  await ask(ack, { method: 'POST' });
  await askSocket(house.admin, `${V1}/threats/none/acknowledge`, { method: 'POST' });
  const secret = await makeToken({ name: 'seen', role: 'viewer', scopes: ['flows:read'] });
  const answer = await askSocket(house.admin, `${V1}/audit?limit=5`);
  const { items } = Page(AuditEntry).parse(answer.json);
  assert.ok(!answer.text.includes(secret));
  assert.deepEqual(
    items.map(({ user, from, action, target, result, code }) => [user, from, action, target, result, code]),
    [
      ['root', 'admin.sock', 'POST /tokens', 'seen', 'done', null],
      ['root', 'admin.sock', 'POST /threats/{id}/acknowledge', 'none', 'failed', 'not_found'],
      ['', 'api.sock', 'POST /threats/{id}/acknowledge', threat?.id, 'refused', 'forbidden'],
      ['root', 'admin.sock', 'DELETE /threats/{id}/acknowledge', threat?.id, 'done', null],
      ['ann', 'admin.sock', 'POST /threats/{id}/acknowledge', threat?.id, 'done', null],
    ],
  );
  assert.match(items[0]?.after ?? '', /^[0-9a-f]{12} viewer flows:read$/);
  assert.deepEqual(items[4]?.before, 'open');
  assert.match(items[4]?.after ?? '', /^acknowledged by ann at /);
  assert.match(items[3]?.before ?? '', /^acknowledged by ann at /);
  const ann = await askSocket(house.admin, `${V1}/audit?user=ann&limit=1`);
  assert.equal(Page(AuditEntry).parse(ann.json).items[0]?.user, 'ann');
  assert.equal((await ask(`${V1}/audit`)).status, 403);
});

test('HTTPS: nothing without a session; the secret works once; the cookie is for this host only', async () => {
  const page = house.daemon?.page ?? '';
  assert.equal((await askHttps(page, `${V1}/status`)).status, 401);
  assert.equal((await askHttps(page, '/metrics')).status, 401);
  assert.equal((await askHttps(page, `${V1}/web-login`, { method: 'POST' })).status, 403);
  const { secret, fingerprint, url } = WebLogin.parse(
    (await ask(`${V1}/web-login`, { method: 'POST' })).json,
  );
  assert.equal(url, `${page}#secret=${secret}`);
  assert.equal(await servedFingerprint(page), fingerprint);
  const foreign = { method: 'POST', body: { secret }, headers: { origin: 'https://evil.example' } };
  assert.equal((await askHttps(page, `${V1}/session`, foreign)).status, 403);
  const signedIn = await askHttps(page, `${V1}/session`, { method: 'POST', body: { secret } });
  assert.equal(signedIn.status, 200, signedIn.text);
  Session.parse(signedIn.json);
  const set = String(signedIn.headers['set-cookie']);
  assert.match(set, /^__Host-vmoat=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Strict; Expires=/);
  assert.equal((await askHttps(page, `${V1}/session`, { method: 'POST', body: { secret } })).status, 401);
  const cookie = set.split(';')[0] ?? '';
  const status = await askHttps(page, `${V1}/status`, { headers: { cookie } });
  Status.parse(status.json);
  assert.match(String(status.headers['content-security-policy']), /default-src 'none'/);
  assert.doesNotMatch(String(status.headers['content-security-policy']), /unsafe|data:/);
  assert.equal(status.headers['x-powered-by'], undefined);
  assert.equal((await askHttps(page, `${V1}/session`, { headers: { cookie } })).status, 200);
  assert.equal(
    (await askHttps(page, `${V1}/session`, { method: 'DELETE', headers: { cookie } })).status,
    200,
  );
  assert.equal((await askHttps(page, `${V1}/status`, { headers: { cookie } })).status, 401);
});

const servedFingerprint = (page: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const { hostname: host, port } = new URL(page);
    const socket = connect({ host, port: Number(port), rejectUnauthorized: false }, () => {
      const certificate = new X509Certificate(socket.getPeerCertificate(true).raw);
      assert.ok(certificate.verify(certificate.publicKey));
      assert.equal(certificate.checkIP('127.0.0.1'), '127.0.0.1');
      socket.destroy();
      resolve(certificate.fingerprint256);
    });
    socket.on('error', reject);
  });

test('the page: itself for every path of its own, its files with long lives, nothing else', async () => {
  const address = house.daemon?.page ?? '';
  const html = { headers: { accept: 'text/html' } };
  for (const path of ['/', '/flows?app=dns', '/vm/web-1']) {
    const answer = await askHttps(address, path, html);
    assert.deepEqual([answer.status, answer.text], [200, '<!doctype html><title>vmoat</title>']);
  }
  const script = await askHttps(address, '/assets/main-abc.js');
  assert.match(String(script.headers['cache-control']), /immutable/);
  assert.equal((await askHttps(address, '/assets/none.js')).status, 404);
  const outside = await askHttps(address, '/..%2f..%2f..%2f..%2fetc/passwd');
  assert.ok(!outside.text.includes('root:'), 'no way out of the folder');
  const missing = await askHttps(address, `${V1}/nothing`, html);
  assert.equal(Problem.parse(missing.json).code, 'not_found');
  assert.equal((await ask('/')).status, 404, 'no page on the Unix socket');
});

test('guessing tokens is slowed down, whatever is brought then', async () => {
  const address = house.daemon?.page ?? '';
  const good = await makeToken({ name: 'patient', role: 'viewer' });
  const guess = bearer('vmoat_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA');
  const codes: number[] = [];
  for (let n = 0; n < 22; n++) codes.push((await askHttps(address, `${V1}/status`, guess)).status);
  assert.deepEqual([codes[0], codes.at(-1)], [401, 429]);
  assert.equal((await askHttps(address, `${V1}/status`, bearer(good))).status, 429);
});

test('guessing secrets is slowed down', async () => {
  const address = house.daemon?.page ?? '';
  const guess = { method: 'POST', body: { secret: 'guess' } };
  const codes = new Set<number>();
  let last = await askHttps(address, `${V1}/session`, guess);
  for (let n = 0; n < 25; n++) {
    last = await askHttps(address, `${V1}/session`, guess);
    codes.add(last.status);
  }
  assert.deepEqual([...codes], [401, 429]);
  assert.equal(Problem.parse(last.json).code, 'rate_limited');
});

test('sessions are stored hashed, readable by hostd alone', async () => {
  const file = join(house.config.stateDir, 'sessions.json');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(statSync(join(house.config.stateDir, 'web-key.pem')).mode & 0o777, 0o600);
});
