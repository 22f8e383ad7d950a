// Tokens of the API: a role, scopes and an end; only hashes are kept.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { ApiToken, type NewToken, type Role } from '../api/schema.ts';
import type { Clock } from '../base/clock.ts';
import { writeDurably } from '../base/durable-file.ts';
import { messageOf, systemCodeOf, VmoatError } from '../base/errors.ts';

export interface TokensOptions {
  file: string;
  clock: Clock;
}

export interface TokenRequest {
  name: string;
  role: Role;
  scopes: string[] | null;
  /** ms since the epoch */
  expires: number;
}

export const TOKEN_PREFIX = 'vmoat_';
const TOKENS_MAX = 500;
const USED_STEP_MS = 3_600_000;

const StoredToken = ApiToken.extend({ hash: z.string().regex(/^[0-9a-f]{64}$/) });
type StoredToken = z.infer<typeof StoredToken>;
const Stored = z.strictObject({ version: z.literal(1), tokens: z.array(StoredToken).max(TOKENS_MAX) });

export class Tokens {
  readonly #options: TokensOptions;
  #tokens: StoredToken[];
  #turn: Promise<unknown> = Promise.resolve();

  /** Throws `tokens_broken` where the file cannot be read: to begin without it would let nobody in. */
  constructor(options: TokensOptions) {
    this.#options = options;
    mkdirSync(dirname(options.file), { recursive: true, mode: 0o750 });
    this.#tokens = stored(options.file);
  }

  list(): ApiToken[] {
    return this.#tokens.map(shown);
  }

  /** Resolves once it is on disk; rejects with `name_taken`. A name whose token has expired is free again. */
  create(request: TokenRequest, by: string): Promise<NewToken> {
    return this.#change(async () => {
      const now = this.#options.clock.now();
      const living = this.#tokens.filter(({ expires }) => Date.parse(expires) > now);
      if (living.some(({ name }) => name === request.name))
        throw new VmoatError('name_taken', `there is a token ${JSON.stringify(request.name)} already`, {
          field: 'name',
        });
      if (living.length >= TOKENS_MAX)
        throw new VmoatError('name_taken', `${TOKENS_MAX} tokens are there already`, {
          hint: 'revoke one: vmoat token list',
        });
      const secret = TOKEN_PREFIX + randomBytes(32).toString('base64url');
      const token: StoredToken = {
        ...request,
        id: randomBytes(6).toString('hex'),
        created: iso(now),
        by,
        expires: iso(request.expires),
        lastUsed: null,
        hash: hashOf(secret).toString('hex'),
      };
      await this.#store([...living, token]);
      return { token: shown(token), secret };
    });
  }

  /** By id or name; null where there is none. Resolves once it is on disk. */
  revoke(wanted: string): Promise<ApiToken | null> {
    return this.#change(async () => {
      const token = this.#tokens.find(({ id, name }) => id === wanted || name === wanted);
      if (!token) return null;
      await this.#store(this.#tokens.filter((each) => each !== token));
      return shown(token);
    });
  }

  /** The token of this secret, if it has not expired. Takes the same time whatever is wrong with the secret. */
  find(secret: string): ApiToken | null {
    const wanted = hashOf(secret);
    let found: StoredToken | null = null;
    for (const token of this.#tokens)
      if (timingSafeEqual(Buffer.from(token.hash, 'hex'), wanted)) found = token;
    const now = this.#options.clock.now();
    if (!found || Date.parse(found.expires) <= now) return null;
    this.#used(found, now);
    return shown(found);
  }

  /** To the hour, so that not every request is a write. */
  #used(token: StoredToken, now: number): void {
    if (token.lastUsed !== null && now - Date.parse(token.lastUsed) < USED_STEP_MS) return;
    token.lastUsed = iso(now);
    // When a token was used is worth no failed request.
    void this.#change(() => this.#store(this.#tokens)).catch(() => undefined);
  }

  async #store(tokens: StoredToken[]): Promise<void> {
    await writeDurably(this.#options.file, JSON.stringify({ version: 1, tokens }));
    this.#tokens = tokens;
  }

  /** One after the other. */
  #change<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(change);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}

const iso = (time_ms: number): string => new Date(time_ms).toISOString();
const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();
const shown = ({ hash: _, ...token }: StoredToken): ApiToken => token;

function stored(file: string): StoredToken[] {
  try {
    return Stored.parse(JSON.parse(readFileSync(file, 'utf8'))).tokens;
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') return [];
    throw new VmoatError('tokens_broken', `${file} cannot be read: ${messageOf(cause)}`, {
      cause,
      hint: 'restore it from a backup, or move it away: all API tokens are void then',
    });
  }
}
