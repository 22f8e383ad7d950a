import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { until } from '../../test/hostd/until.ts';
import { selfSigned } from '../api/certificate.ts';
import type { SyslogConfig } from '../config/delivery.ts';
import { Syslog } from './syslog.ts';
import { framed, type Sender, syslogMessage } from './syslog-message.ts';
import { testEvent } from './test-event.ts';

const folder = mkdtempSync(join(tmpdir(), 'vmoat-syslog-'));
const closing: (() => void)[] = [];
after(() => {
  for (const close of closing) close();
  rmSync(folder, { recursive: true });
});

const SENDER: Sender = { facility: 'daemon', appName: 'vmoat', hostName: 'host-1', pid: 7 };
const AT = '2026-11-20T12:00:00.000Z';

test('an event as RFC 5424 has it', () => {
  assert.equal(
    syslogMessage(testEvent({ at: AT, severity: 'high' }), SENDER, 2048).toString(),
    `<27>1 ${AT} host-1 vmoat 7 nic-gone [vmoat@32473 id="019aa1d3c4e-000000-5f0c9a1b" severity="high" vm="web-1" mac="52:54:00:00:00:01" hook="tcx"] \ufeffNIC of web-1, vnet1 is gone`,
  );
  const local = syslogMessage(testEvent(), { ...SENDER, facility: 'local7' }, 2048).toString();
  assert.match(local, /^<190>1 /);
});

test('nothing of a guest ends a parameter, a line or the message', () => {
  const evil = 'a"]\n<0>1 \\ \u001b[2J\u2028';
  const event = testEvent({ at: AT, data: { 'x y="': evil }, text: evil, subjects: [] });
  const text = syslogMessage(event, { ...SENDER, hostName: 'a b\nc' }, 2048).toString();
  assert.match(text, /^<30>1 \S+ a_b_c vmoat 7 nic-gone \[vmoat@32473 [^\n]*\] \ufeff[^\n]*$/);
  assert.ok(text.includes(String.raw`x_y__="a\"\]\\u{a}<0>1 \\ \\u{1b}[2J\\u{2028}"`), text);
});

test('a message is never longer than asked, and ends with a whole character', () => {
  const data = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`key${n}`, 'ü'.repeat(400)]));
  const event = testEvent({ text: 'ü'.repeat(9000), data });
  for (const bytes of [1024, 1025, 2048, 8192]) {
    const message = syslogMessage(event, SENDER, bytes);
    assert.ok(message.length <= bytes && message.length > bytes - 700);
    assert.ok(!message.toString().includes('\ufffd'));
    assert.match(message.toString(), /"\] \ufeffü+$/);
  }
});

const config = (change: Partial<SyslogConfig>): SyslogConfig => ({
  name: 'central',
  transport: 'tcp',
  host: '127.0.0.1',
  port: 1,
  facility: 'daemon',
  appName: 'vmoat',
  ca: null,
  timeoutMs: 30_000,
  ...change,
});

test('UDP: a datagram for each event', async () => {
  const server = createSocket('udp4');
  closing.push(() => server.close());
  const got: string[] = [];
  server.on('message', (message) => got.push(message.toString()));
  await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve));
  const syslog = new Syslog(config({ transport: 'udp', port: server.address().port }));
  await syslog.send(testEvent());
  await syslog.send(testEvent({ kind: 'threat' }));
  await until(() => got.length === 2);
  assert.match(got[0] ?? '', new RegExp(` ${hostname()} vmoat ${process.pid} nic-gone \\[vmoat@32473 `));
  assert.match(got[1] ?? '', / threat \[/);
});

/** A server that counts octets, as RFC 6587 has it. */
async function serve(server: Server, take: (message: string, socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const serveSocket = (socket: Socket): void => {
    sockets.add(socket);
    let rest = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      for (;;) {
        const space = rest.indexOf(' ');
        const length = Number(rest.subarray(0, space).toString());
        if (space < 0 || rest.length < space + 1 + length) break;
        const message = rest.subarray(space + 1, space + 1 + length).toString();
        rest = rest.subarray(space + 1 + length);
        take(message, socket);
      }
    });
  };
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.on('vmoat', serveSocket);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
const tcp = (): Server => {
  const server: Server = createServer((socket) => server.emit('vmoat', socket));
  return server;
};

test('TCP: counted octets over one connection, opened again when the server ended it', async () => {
  const got: string[] = [];
  let ended = 0;
  const server = tcp();
  const port = await serve(server, (message, socket) => {
    got.push(message);
    if (got.length !== 2) return;
    socket.end();
    ended++;
  });
  let connections = 0;
  server.on('connection', () => connections++);
  const syslog = new Syslog(config({ port }));
  await syslog.send(testEvent({ text: 'line\nbreak ü' }));
  await syslog.send(testEvent({ kind: 'threat' }));
  await until(() => ended === 1);
  // What is written before the end is known is lost without a word: that is TCP's syslog.
  await until(async () => {
    await syslog.send(testEvent({ kind: 'records-lost' })).catch(() => undefined);
    return got.length > 2;
  });
  assert.match(got[0] ?? '', /\ufeffline\\u\{a\}break ü$/);
  assert.match(got[2] ?? '', / records-lost \[/);
  assert.equal(connections, 2);
  syslog.close();
});

test('TCP: a server that does not read holds nothing up for longer than its time', async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket.pause());
  });
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const syslog = new Syslog(config({ port: (server.address() as AddressInfo).port, timeoutMs: 300 }));
  const event = testEvent({ text: 'x'.repeat(8000) });
  await assert.rejects(async () => {
    for (;;) await syslog.send(event);
  }, /no progress within 300 ms/);
  syslog.close();
});

test('TCP: nobody listens', async () => {
  await assert.rejects(new Syslog(config({ port: 1 })).send(testEvent()), /ECONNREFUSED/);
});

test('TLS: only a certificate that the authority signed, for this name', async () => {
  const { certificate, key } = selfSigned(['localhost', '127.0.0.1'], Date.now());
  const ca = join(folder, 'ca.pem');
  writeFileSync(ca, certificate);
  const got: string[] = [];
  const server: Server = createTlsServer({ cert: certificate, key }, (socket) =>
    server.emit('vmoat', socket),
  );
  server.on('tlsClientError', () => undefined);
  const port = await serve(server, (message) => got.push(message));
  const untrusting = new Syslog(config({ transport: 'tls', port }));
  await assert.rejects(untrusting.send(testEvent()), /self.signed/);
  const syslog = new Syslog(config({ transport: 'tls', port, ca }));
  await syslog.send(testEvent());
  await until(() => got.length === 1);
  syslog.close();
  const foreign = selfSigned(['other.example'], Date.now());
  const other: Server = createTlsServer({ cert: foreign.certificate, key: foreign.key });
  other.on('tlsClientError', () => undefined);
  writeFileSync(ca, foreign.certificate);
  const otherPort = await serve(other, () => undefined);
  await assert.rejects(
    new Syslog(config({ transport: 'tls', port: otherPort, ca })).send(testEvent()),
    /altnames|does not match/,
  );
});

test('a frame says how many bytes follow', () => {
  assert.equal(framed(Buffer.from('ü!')).toString(), '3 ü!');
});
