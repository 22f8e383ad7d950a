// Listens on dp.sock and lets in whom the settings name, as clients of the hub.
import { chmodSync, chownSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import type { Addon } from '../client/addon.ts';
import type { PolicyOrder } from '../contract/policy.ts';
import type { Inventory, Welcome } from '../contract/protocol.ts';
import type { Account } from './accounts.ts';
import type { Hub } from './hub.ts';
import type { Log } from './log.ts';
import { Peer } from './peer.ts';
import { ServiceError } from './service-error.ts';

const PEERS_MAX = 8;

export interface ServerOptions {
  path: string;
  /** Who may connect, beside root and our own user; the socket is given to the first one's group. */
  accounts: Account[];
  welcome: Welcome;
  peerCredentials: Addon['peerCredentials'];
  inventory: (inventory: Inventory) => void;
  policy: (order: PolicyOrder) => void;
}

/** Opens the socket; rejects with `already_running` where somebody listens on it. */
export async function listen(options: ServerOptions, hub: Hub, log: Log): Promise<Server> {
  await makeRoom(options.path);
  let connections = 0;
  const server = createServer((socket) => {
    const welcome = { ...options.welcome };
    const peer = new Peer(socket, welcome, {
      ready: (ready, client, has) => {
        log('info', 'client connected', { client });
        hub.add(ready, has);
      },
      inventory: options.inventory,
      policy: options.policy,
      kept: (receipt) => hub.kept(receipt),
      closed: (closed, reason) => {
        connections--;
        hub.remove(closed);
        if (reason) log('warn', 'client ended', { reason: reason.message });
      },
    });
    connections++;
    const refusal =
      connections > PEERS_MAX
        ? (['busy', `${PEERS_MAX} clients are connected`] as const)
        : stranger(socket, options);
    if (refusal) peer.refuse(...refusal);
  });
  await new Promise<void>((done, fail) => {
    server.once('error', fail);
    listenUnseen(server, options.path, done);
  });
  admit(options, log);
  return server;
}

/** Removes a socket that nobody listens on any more. */
async function makeRoom(path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  if (!existsSync(path)) return;
  if (await answers(path)) throw new ServiceError('already_running', `somebody listens on ${path} already`);
  rmSync(path, { force: true });
}

function answers(path: string): Promise<boolean> {
  return new Promise((done) => {
    const probe = connect({ path });
    probe.on('connect', () => {
      probe.destroy();
      done(true);
    });
    probe.on('error', () => done(false));
  });
}

/** Between bind and chmod nobody but us may connect. */
function listenUnseen(server: Server, path: string, done: () => void): void {
  const mask = process.umask(0o177);
  server.listen({ path }, done);
  process.umask(mask);
}

/**
 * The socket is the group's of the first account. Where it cannot be given away, everybody may connect:
 * the peer's uid decides in any case.
 */
function admit({ path, accounts }: ServerOptions, log: Log): void {
  const [account] = accounts;
  if (!account) return;
  try {
    chownSync(path, -1, account.gid);
    chmodSync(path, 0o660);
  } catch (error) {
    log('warn', 'the socket stays open to every user; only the uid is checked', { reason: String(error) });
    chmodSync(path, 0o666);
  }
}

/** Why the peer may not be here, or null. */
function stranger(socket: Socket, options: ServerOptions): readonly [code: string, message: string] | null {
  const fd = descriptor(socket);
  if (fd === null) return ['stranger', 'the peer is unknown'];
  const { uid } = options.peerCredentials(fd);
  const allowed = [0, process.getuid?.(), ...options.accounts.map((account) => account.uid)];
  return allowed.includes(uid) ? null : ['stranger', `uid ${uid} may not connect; see vmoat-dp --user`];
}

/** Node has no public way to the descriptor of a connected socket. */
function descriptor(socket: Socket): number | null {
  const { _handle: handle } = socket as Socket & { _handle?: { fd?: unknown } };
  return typeof handle?.fd === 'number' && handle.fd >= 0 ? handle.fd : null;
}
