// How long to wait before the next attempt: doubles from half a second to ten, spread by chance.

const first_ms = 500;
const most_ms = 10_000;

/** `attempt` counts from 1; `chance` is a number from 0 to 1. Spreading keeps many pages from coming back at once. */
export function backoffMs(attempt: number, chance: number): number {
  const whole = Math.min(most_ms, first_ms * 2 ** Math.max(0, attempt - 1));
  return Math.round(whole * (0.75 + 0.25 * chance));
}
