// Who asks, and whether they may: by the socket's mode, a browser's session, or a token.
import type { Request } from 'express';
import { Failures } from '../access/failures.ts';
import { TOKEN_PREFIX } from '../access/tokens.ts';
import { USER_HEADER } from '../base/admin-socket.ts';
import { VmoatError } from '../base/errors.ts';
import type { Access, Caller } from './caller.ts';
import { Role } from './schema.ts';
import { cookieOf } from './session-cookie.ts';
import type { ApiSources } from './sources.ts';

/**
 * Where it is served: on `socket` and `admin`, Unix sockets, the mode of the file says who may connect (group vmoat;
 * root alone), on `web` a session or a token.
 */
export type Door = 'socket' | 'admin' | 'web';

/** What is asked for. */
export interface Wanted {
  access: Access;
  scope: string;
  /** It changes something. */
  isChange: boolean;
}

const USER_CHARS_MAX = 64;
const NOBODY = { role: null, user: '', scopes: null };

export class Doorkeeper {
  readonly #door: Door;
  readonly #sources: Pick<ApiSources, 'sessions' | 'tokens'>;
  readonly #failures: Failures;

  constructor(door: Door, sources: Pick<ApiSources, 'clock' | 'sessions' | 'tokens'>) {
    this.#door = door;
    this.#sources = sources;
    this.#failures = new Failures(sources.clock);
  }

  /** Throws where a token is brought that is none. */
  callerOf(request: Request): Caller {
    if (this.#door === 'admin')
      return { role: 'admin', user: onBehalfOf(request), scopes: null, from: 'admin.sock' };
    if (this.#door === 'socket') return { role: 'viewer', user: '', scopes: null, from: 'api.sock' };
    const address = request.socket.remoteAddress ?? '';
    const { authorization } = request.headers;
    if (authorization !== undefined) return this.#bearer(authorization, address);
    const session = this.#sources.sessions.find(cookieOf(request));
    if (!session) return { ...NOBODY, from: address };
    return { role: session.role, user: session.user, scopes: null, from: `${address}, session` };
  }

  /** Throws unless the caller may. */
  admit(caller: Caller, { access, scope, isChange }: Wanted, request: Request): void {
    if (access === 'local' && this.#door === 'web')
      throw new VmoatError('forbidden', 'only the Unix socket takes this');
    // A foreign page can make a browser send its cookie, but not a token.
    if (this.#door === 'web' && isChange && !request.headers.authorization && isForeign(request))
      throw new VmoatError('forbidden', 'this request comes from a foreign page');
    if (access === 'anyone' || access === 'local') return;
    if (caller.role === null)
      throw new VmoatError('unauthorized', 'sign in first', {
        hint: 'run `vmoat web-login` on the host, or bring a token (`vmoat token create`)',
      });
    if (rankOf(caller.role) < rankOf(access)) throw tooLittle(access);
    if (caller.scopes !== null && !caller.scopes.includes(scope))
      throw new VmoatError('forbidden', `this token has not the scope ${scope}`);
  }

  #bearer(authorization: string, address: string): Caller {
    if (this.#failures.isBlocked(address))
      throw new VmoatError('rate_limited', 'too many tokens that are none, wait a minute');
    const secret = /^Bearer ([\w-]{1,128})$/i.exec(authorization)?.[1] ?? '';
    const token = secret.startsWith(TOKEN_PREFIX) ? this.#sources.tokens.find(secret) : null;
    if (!token) {
      this.#failures.note(address);
      throw new VmoatError('unauthorized', 'this token is not valid (any more)', {
        hint: '`vmoat token list` shows which are',
      });
    }
    const { role, name, scopes, id } = token;
    return { role, user: `token:${name}`, scopes, from: `${address}, token ${id}` };
  }
}

const rankOf = (role: Role): number => Role.options.indexOf(role);

/** Root may say for whom it asks: what `sudo` told it. */
const onBehalfOf = (request: Request): string => request.get(USER_HEADER)?.slice(0, USER_CHARS_MAX) || 'root';

const tooLittle = (role: Role): VmoatError =>
  new VmoatError('forbidden', `only ${role === 'operator' ? 'operators and admins' : 'admins'} may do this`, {
    hint: 'use `vmoat` as root, sign in by the link of `vmoat web-login` as root, or bring a token of that role',
  });

/** Browsers name the page that asks; other clients have no cookie that could be abused. */
function isForeign(request: Request): boolean {
  const { origin, host } = request.headers;
  return origin !== undefined && origin !== `https://${host}`;
}
