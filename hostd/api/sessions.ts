// Browser sessions: one-time secrets are exchanged for opaque tokens; only hashes are kept, on disk too.
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { z } from 'zod';
import type { Clock } from '../base/clock.ts';
import { VmoatError } from '../base/errors.ts';
import { Session } from './schema.ts';

export interface SessionsOptions {
  /** Sessions outlive hostd here; null: they do not. */
  file: string | null;
  clock: Clock;
}

const SECRET_LIFE_MS = 10 * 60_000;
const SECRETS_MAX = 16;
const SESSION_LIFE_MS = 7 * 86_400_000;
const SESSIONS_MAX = 100;

/** What a session of a secret may. */
export type Holder = Pick<Session, 'role' | 'user'>;

const Stored = z.record(z.string().length(64), Session);

export class Sessions {
  readonly #options: SessionsOptions;
  /** Hash of the secret → when it expires, ms, and for whom it is. */
  readonly #secrets = new Map<string, Holder & { expires: number }>();
  /** Hash of the token → its session. */
  readonly #sessions: Map<string, Session>;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#sessions = new Map(Object.entries(stored(options.file)));
  }

  /** A secret that works once, within ten minutes. */
  issue(holder: Holder): { secret: string; expires: string } {
    const secret = randomBytes(24).toString('base64url');
    const expires = this.#options.clock.now() + SECRET_LIFE_MS;
    this.#secrets.set(hash(secret), { ...holder, expires });
    makeRoom(this.#secrets, SECRETS_MAX);
    return { secret, expires: new Date(expires).toISOString() };
  }

  /** Throws `bootstrap_refused`. A refused secret says nothing about which secrets exist. */
  exchange(secret: string): { token: string; session: Session } {
    const now = this.#options.clock.now();
    const known = this.#secrets.get(hash(secret));
    this.#secrets.delete(hash(secret));
    if (known === undefined || known.expires < now)
      throw new VmoatError('bootstrap_refused', 'this secret is not valid (any more)', {
        hint: 'run `vmoat web-login` for a new one',
      });
    const token = randomBytes(32).toString('base64url');
    const session: Session = {
      role: known.role,
      user: known.user,
      since: new Date(now).toISOString(),
      expires: new Date(now + SESSION_LIFE_MS).toISOString(),
    };
    this.#sessions.set(hash(token), session);
    makeRoom(this.#sessions, SESSIONS_MAX);
    this.#store();
    return { token, session };
  }

  /** The session of a token, or null. */
  find(token: string): Session | null {
    const session = token === '' ? undefined : this.#sessions.get(hash(token));
    if (!session || Date.parse(session.expires) < this.#options.clock.now()) return null;
    return session;
  }

  end(token: string): void {
    if (this.#sessions.delete(hash(token))) this.#store();
  }

  /** Written beside and renamed, so that a crash leaves the old file. */
  #store(): void {
    const { file } = this.#options;
    if (file === null) return;
    const descriptor = openSync(`${file}.new`, 'w', 0o600);
    try {
      writeSync(descriptor, JSON.stringify(Object.fromEntries(this.#sessions)));
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(`${file}.new`, file);
  }
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Oldest first out. */
function makeRoom(map: Map<string, unknown>, max: number): void {
  for (const key of map.keys()) {
    if (map.size <= max) return;
    map.delete(key);
  }
}

/** A file that is missing or broken means no sessions: people sign in again. */
function stored(file: string | null): Record<string, Session> {
  try {
    return file === null ? {} : Stored.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return {};
  }
}
