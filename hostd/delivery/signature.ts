// The signature of a webhook: who has the secret knows that vmoat sent the body, and when.
import { createHmac } from 'node:crypto';

export const SIGNATURE_HEADER = 'vmoat-signature';

/** `t=SECONDS,v1=HEX`: HMAC-SHA256 of `SECONDS.BODY`, so that an old request cannot be given a new time. */
export function signature(secret: string, time_s: number, body: string): string {
  const digest = createHmac('sha256', secret).update(`${time_s}.${body}`).digest('hex');
  return `t=${time_s},v1=${digest}`;
}
