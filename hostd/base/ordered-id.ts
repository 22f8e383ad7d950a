// Ids whose order as text is the order in which they were made.
import { randomBytes } from 'node:crypto';

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

/** In order also within a millisecond and over a step back of the clock; unique over restarts. */
export function orderedIds(random = randomBytes): (now_ms: number) => string {
  let latest_ms = 0;
  let count = 0;
  return (now_ms) => {
    count = now_ms > latest_ms ? 0 : count + 1;
    latest_ms = Math.max(latest_ms, now_ms);
    return `${hex(latest_ms, 11)}-${hex(count, 6)}-${random(4).toString('hex')}`;
  };
}
