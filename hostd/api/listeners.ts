// Opens what the API is served on: the Unix socket, and HTTPS for browsers.
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { dirname } from 'node:path';
import { messageOf, VmoatError } from '../base/errors.ts';
import type { Certificate } from './certificate.ts';

const HEADERS_MS = 10_000;
const CONNECTIONS_MAX = 512;

/** Read and write for the owner; for the group, too, where whoever is in it may read. */
export const SOCKET_MODES = { admin: 0o600, group: 0o660 } as const;

/** Throws `listen_failed`. Until its mode is set, the process's umask keeps others out. */
export async function listenOnSocket(path: string, mode: number, app: RequestListener): Promise<Server> {
  const server = bounded(createHttpServer(app));
  try {
    mkdirSync(dirname(path), { recursive: true });
    await removeStale(path);
    await opened(server, () => server.listen(path));
    chmodSync(path, mode);
    return server;
  } catch (cause) {
    throw new VmoatError('listen_failed', `${path}: ${messageOf(cause)}`, { cause });
  }
}

/** Throws `listen_failed`. */
export async function listenOnHttps(
  listen: string,
  certificate: Certificate,
  app: RequestListener,
): Promise<Server> {
  const { host, port } = splitAddress(listen);
  const options = { cert: certificate.certificate, key: certificate.key, minVersion: 'TLSv1.2' as const };
  const server = bounded(createHttpsServer(options, app));
  try {
    await opened(server, () => server.listen({ host, port }));
    return server;
  } catch (cause) {
    throw new VmoatError('listen_failed', `${listen}: ${messageOf(cause)}`, { cause });
  }
}

export function splitAddress(listen: string): { host: string; port: number } {
  const colon = listen.lastIndexOf(':');
  return { host: listen.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(listen.slice(colon + 1)) };
}

/** Where a browser on this host finds it: an address that means every interface is reached by loopback. */
export function pageAddress(listen: string, server: Server): string {
  const { host } = splitAddress(listen);
  const { port } = server.address() as AddressInfo;
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `https://${name.includes(':') ? `[${name}]` : name}:${port}/`;
}

/** Ends live streams, too: `close` alone would wait for them. */
export const closeServer = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

function bounded<T extends Server>(server: T): T {
  server.headersTimeout = HEADERS_MS;
  server.requestTimeout = HEADERS_MS;
  server.maxConnections = CONNECTIONS_MAX;
  return server;
}

const opened = (server: Server, listen: () => void): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      resolve();
    });
    listen();
  });

/** A socket that a killed hostd left behind is removed; one that answers belongs to another hostd. */
async function removeStale(path: string): Promise<void> {
  if (await answers(path)) throw new Error('another vmoat-hostd serves here');
  rmSync(path, { force: true });
}

const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
