// The cookie that carries a browser's session.
import type { Request } from 'express';

/** `__Host-`: browsers take it from this host only, over TLS, for every path. */
const NAME = '__Host-vmoat';

export const sessionCookie = (token: string, expires: string): string =>
  `${NAME}=${token}; Path=/; Secure; HttpOnly; SameSite=Strict; Expires=${new Date(expires).toUTCString()}`;

/** The token that the request brings, or an empty string. */
export function cookieOf(request: Pick<Request, 'headers'>): string {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const [name = '', value = ''] = part.trim().split('=', 2);
    if (name === NAME) return value;
  }
  return '';
}
