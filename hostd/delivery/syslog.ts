// A syslog server: events as datagrams (RFC 5426), or over one TCP or TLS connection (RFC 6587, RFC 5425).
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { connect, isIP, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { connect as connectTls } from 'node:tls';
import type { EventRecord } from '../api/schema.ts';
import type { SyslogConfig } from '../config/delivery.ts';
import type { Destination } from './destination.ts';
import { framed, syslogMessage } from './syslog-message.ts';

/** RFC 5426, 3.2: receivers should take 2048. */
const DATAGRAM_BYTES_MAX = 2048;
const FRAME_BYTES_MAX = 8192;

export class Syslog implements Destination {
  readonly id: string;
  readonly target: string;
  readonly settings: string;
  readonly #config: SyslogConfig;
  #socket: Socket | null = null;

  constructor(config: SyslogConfig) {
    const { name, transport, host, port } = config;
    this.id = `syslog:${name}`;
    this.target = `${transport} ${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
    this.settings = JSON.stringify(config);
    this.#config = config;
  }

  async send(event: EventRecord): Promise<void> {
    const { transport, facility, appName } = this.#config;
    const sender = { facility, appName, hostName: hostname(), pid: process.pid };
    if (transport === 'udp') await this.#sendDatagram(syslogMessage(event, sender, DATAGRAM_BYTES_MAX));
    else await this.#sendFrame(framed(syslogMessage(event, sender, FRAME_BYTES_MAX)));
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = null;
  }

  async #sendDatagram(message: Buffer): Promise<void> {
    const { address, family } = await lookup(this.#config.host);
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
    try {
      await new Promise<void>((resolve, reject) => {
        socket.on('error', reject);
        socket.send(message, this.#config.port, address, (error) => (error ? reject(error) : resolve()));
      });
    } finally {
      socket.close();
    }
  }

  /** Syslog has no acknowledgement: taken by the kernel, on a connection that still stands, is all one can know. */
  async #sendFrame(frame: Buffer): Promise<void> {
    const socket = this.#socket ?? (await this.#open());
    await this.#within(socket, (done) => socket.write(frame, done));
  }

  async #open(): Promise<Socket> {
    const { transport, host, port, ca } = this.#config;
    const authority = ca === null ? {} : { ca: await readFile(ca) };
    const name = isIP(host) ? {} : { servername: host };
    const socket =
      transport === 'tls' ? connectTls({ host, port, ...name, ...authority }) : connect({ host, port });
    socket.setKeepAlive(true, 30_000);
    socket.resume();
    const forget = (): void => {
      if (this.#socket === socket) this.#socket = null;
      socket.destroy();
    };
    socket.on('end', forget).on('close', forget).on('error', forget);
    await this.#within(socket, (done) => {
      socket.once(transport === 'tls' ? 'secureConnect' : 'connect', () => done());
    });
    this.#socket = socket;
    return socket;
  }

  /** Waits for `done`; fails where the socket does first, or with the time. */
  #within(socket: Socket, start: (done: (error?: Error | null) => void) => void): Promise<void> {
    const { timeoutMs } = this.#config;
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => finish(error);
      const closed = (): void => finish(new Error('the connection was closed'));
      const timer = setTimeout(
        () => socket.destroy(new Error(`no progress within ${timeoutMs} ms`)),
        timeoutMs,
      );
      const finish = (error?: Error | null): void => {
        clearTimeout(timer);
        socket.off('error', fail).off('close', closed);
        if (error) reject(error);
        else resolve();
      };
      socket.on('error', fail).on('close', closed);
      start(finish);
    });
  }
}
