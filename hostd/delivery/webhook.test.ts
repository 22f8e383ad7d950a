import assert from 'node:assert/strict';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import {
  createServer,
  type IncomingHttpHeaders,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { selfSigned } from '../api/certificate.ts';
import { ManualClock } from '../base/clock.ts';
import type { WebhookConfig } from '../config/delivery.ts';
import { Refusal, TryLater } from './destination.ts';
import { signature } from './signature.ts';
import { testEvent } from './test-event.ts';
import { Webhook } from './webhook.ts';

const SECRET = 'correct horse battery staple';
const NOW = Date.parse('2026-11-20T12:00:00Z');
const folder = mkdtempSync(join(tmpdir(), 'vmoat-webhook-'));
const secretFile = join(folder, 'secret');
writeFileSync(secretFile, `${SECRET}\n`);
const servers: Server[] = [];
after(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  rmSync(folder, { recursive: true });
});

interface Got {
  method: string | undefined;
  path: string | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}

/** A server that answers so, and what it got. */
async function serve(
  answer: (response: ServerResponse) => void,
  make: (listener: RequestListener) => Server = createServer,
): Promise<{ port: number; got: Got[] }> {
  const got: Got[] = [];
  const server = make((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      got.push({ method: request.method, path: request.url, headers: request.headers, body });
      answer(response);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, got };
}

const webhook = (url: string, change: Partial<WebhookConfig> = {}): Webhook =>
  new Webhook({ name: 'ops', url, secretFile, ca: null, timeoutMs: 30_000, ...change }, new ManualClock(NOW));
const answering = (status: number, headers: Record<string, string> = {}) =>
  serve((response) => response.writeHead(status, headers).end('thank you'));

test('an event is a signed POST', async () => {
  const { port, got } = await answering(204);
  const event = testEvent({ text: 'ünïcode' });
  await webhook(`http://127.0.0.1:${port}/hook?key=1`).send(event, 3);
  const [sent] = got;
  assert.deepEqual([sent?.method, sent?.path], ['POST', '/hook?key=1']);
  assert.deepEqual(JSON.parse(sent?.body ?? '').event, event);
  const { headers } = sent as Got;
  assert.deepEqual(
    [headers['content-type'], headers['vmoat-event'], headers['vmoat-attempt']],
    ['application/json', event.id, '3'],
  );
  assert.equal(headers['vmoat-signature'], signature(SECRET, NOW / 1000, sent?.body ?? ''));
});

test('the verification of docs/events.md takes what is sent, and nothing else', async () => {
  const page = readFileSync(new URL('../../docs/events.md', import.meta.url), 'utf8');
  const code = /```js\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  const isFromVmoat = new Function(
    'createHmac',
    'timingSafeEqual',
    `${code.replace(/^import .*$/gm, '')}; return isFromVmoat;`,
  )(createHmac, timingSafeEqual) as (header: string, body: string, secret: string, now_s: number) => boolean;
  const at = NOW / 1000;
  const header = signature(SECRET, at, '{"a":1}');
  assert.equal(isFromVmoat(header, '{"a":1}', SECRET, at + 5), true);
  assert.equal(isFromVmoat(header, '{"a":2}', SECRET, at), false);
  assert.equal(isFromVmoat(header, '{"a":1}', 'another', at), false);
  assert.equal(isFromVmoat(header, '{"a":1}', SECRET, at + 301), false);
  assert.equal(isFromVmoat(header.replace(/t=\d+/, `t=${at + 1}`), '{"a":1}', SECRET, at), false);
  assert.equal(isFromVmoat('', '{"a":1}', SECRET, at), false);
});

test('a failure is one that may pass', async () => {
  const { port } = await answering(503);
  await assert.rejects(webhook(`http://127.0.0.1:${port}/`).send(testEvent(), 1), /answers 503/);
});

test('the other side may ask for time', async () => {
  const { port } = await answering(429, { 'retry-after': '7' });
  const sent = webhook(`http://127.0.0.1:${port}/`).send(testEvent(), 1);
  await assert.rejects(sent, (error) => error instanceof TryLater && error.wait_ms === 7000);
});

test('an event that is refused for good', async () => {
  const { port } = await answering(422);
  await assert.rejects(webhook(`http://127.0.0.1:${port}/`).send(testEvent(), 1), Refusal);
});

test('a redirect is not followed', async () => {
  const other = await answering(200);
  const { port } = await answering(302, { location: `http://127.0.0.1:${other.port}/` });
  await assert.rejects(webhook(`http://127.0.0.1:${port}/`).send(testEvent(), 1), /redirects are not/);
  assert.equal(other.got.length, 0);
});

test('a server that hangs, or answers a byte now and then, is given up', async () => {
  const silent = await serve(() => undefined);
  const slow = await serve((response) => {
    const { socket } = response;
    socket?.write('HTTP/1.1 200 OK\r\nx: ');
    const timer = setInterval(() => socket?.write('y'), 20);
    socket?.on('close', () => clearInterval(timer)).on('error', () => undefined);
  });
  for (const { port } of [silent, slow]) {
    const sent = webhook(`http://127.0.0.1:${port}/`, { timeoutMs: 300 }).send(testEvent(), 1);
    await assert.rejects(sent, /no answer within 300 ms/);
  }
});

test('an endless answer is not read', async () => {
  const { port } = await serve((response) => {
    response.writeHead(200);
    const timer = setInterval(() => response.write('x'.repeat(65_536)), 1);
    response.on('close', () => clearInterval(timer));
  });
  await webhook(`http://127.0.0.1:${port}/`).send(testEvent(), 1);
});

test('nobody listens; a server that is closed before it answers', async () => {
  await assert.rejects(webhook('http://127.0.0.1:1/').send(testEvent(), 1), /ECONNREFUSED/);
  const { port } = await serve((response) => void response.socket?.destroy());
  await assert.rejects(
    webhook(`http://127.0.0.1:${port}/`).send(testEvent(), 1),
    /socket hang up|ECONNRESET/,
  );
});

test('HTTPS: only a certificate that the authority signed', async () => {
  const { certificate, key } = selfSigned(['localhost', '127.0.0.1'], Date.now());
  const ca = join(folder, 'ca.pem');
  writeFileSync(ca, certificate);
  const { port, got } = await serve(
    (response) => response.end(),
    (listener) => createHttpsServer({ cert: certificate, key }, listener) as Server,
  );
  const url = `https://127.0.0.1:${port}/`;
  await assert.rejects(webhook(url).send(testEvent(), 1), /self.signed/);
  await webhook(url, { ca }).send(testEvent(), 1);
  assert.equal(got.length, 1);
});

test('a secret that is missing or too short is a reason not to send', async () => {
  const short = join(folder, 'short');
  writeFileSync(short, 'short\n');
  const { port, got } = await answering(200);
  const url = `http://127.0.0.1:${port}/`;
  await assert.rejects(webhook(url, { secretFile: short }).send(testEvent(), 1), /shorter than 16/);
  await assert.rejects(webhook(url, { secretFile: join(folder, 'none') }).send(testEvent(), 1), /ENOENT/);
  assert.equal(got.length, 0);
});

test('closing ends what is under way', async () => {
  const { port, got } = await serve(() => undefined);
  const hook = webhook(`http://127.0.0.1:${port}/`);
  const sent = hook.send(testEvent(), 1);
  const refused = assert.rejects(sent, /abort/i);
  while (got.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  hook.close();
  await refused;
});

test('what may be a secret is not shown', () => {
  assert.equal(webhook('https://hooks.example:8443/T000/B000?key=1').target, 'https://hooks.example:8443');
});
