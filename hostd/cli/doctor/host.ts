// The host as the doctor looks at it: files, programs, sockets; tests bring their own.
import { execFile } from 'node:child_process';
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { release, userInfo } from 'node:os';
import type { z } from 'zod';
import { VmoatError } from '../../base/errors.ts';
import { Daemon, type Query } from '../daemon.ts';

export interface Host {
  isRoot: boolean;
  user: string;
  /** Kernel release, such as 6.1.0-18-amd64. */
  kernel: string;
  /** Where vmoat-hostd is sought. */
  apiSocket: string;
  /** The text of a file, or null where it cannot be read. */
  read(path: string): string | null;
  exists(path: string): boolean;
  writable(path: string): boolean;
  /** Names in a directory; none where it does not exist. */
  list(path: string): string[];
  /** The output of a program that ended with 0, or null: not installed, not allowed, failed. */
  run(program: string, ...args: string[]): Promise<string | null>;
  /** Whether somebody answers on a Unix socket. */
  answers(path: string): Promise<boolean>;
  /** What vmoat-hostd says of a path of its API; null: it does not answer, or not us. */
  ask<S extends z.ZodType>(schema: S, path: string, query?: Query): Promise<z.infer<S> | null>;
}

const RUN_MS_MAX = 5000;
const ANSWER_MS_MAX = 1000;
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;
/** Users have no sbin in their PATH, and iptables, nft and tc are there. */
const PATH = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`;

const allowed = (path: string, mode: number): boolean => {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
};

export const realHost = (apiSocket: string): Host => ({
  isRoot: process.getuid?.() === 0,
  user: userInfo().username,
  kernel: release(),
  apiSocket,
  read: (path) => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return null;
    }
  },
  exists: (path) => allowed(path, constants.F_OK),
  writable: (path) => allowed(path, constants.W_OK),
  list: (path) => {
    try {
      return readdirSync(path);
    } catch {
      return [];
    }
  },
  run: (program, ...args) =>
    new Promise((resolve) => {
      const options = {
        timeout: RUN_MS_MAX,
        maxBuffer: OUTPUT_BYTES_MAX,
        env: { ...process.env, PATH, LC_ALL: 'C' },
      };
      execFile(program, args, options, (error, stdout) => resolve(error ? null : stdout));
    }),
  answers: (path) =>
    new Promise((resolve) => {
      const socket = connect(path);
      const giveUp = () => socket.destroy(new Error('silent'));
      // To start the other checks' programs takes a busy host that long: what came meanwhile is heard first.
      socket.setTimeout(ANSWER_MS_MAX, () => setImmediate(giveUp));
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    }),
  ask: async (schema, path, query = {}) => {
    try {
      return await new Daemon(apiSocket).get(schema, path, query);
    } catch (thrown) {
      if (thrown instanceof VmoatError) return null;
      throw thrown;
    }
  },
});

/** `6.1` ≥ `5.15`? */
export function kernelAtLeast(release: string, major: number, minor: number): boolean {
  const [first = 0, second = 0] = release.split('.').map((part) => Number.parseInt(part, 10));
  return first > major || (first === major && second >= minor);
}
