// A version that waits to be confirmed: its name for vmoat-dp, how long it may wait, and who must not find one.
import { type Deadline, leftOf, type Moment } from '../../dp/client/index.ts';
import { VmoatError } from '../base/errors.ts';
import type { Pending } from './store/state.ts';

/** No other one has the same. */
export const trialName = ({ version, since }: Pending): string => `${version}@${since}`;

export const deadlineOf = ({ since, deadline, boot, uptime_ms }: Pending): Deadline => ({
  since,
  at: deadline,
  boot,
  uptime_ms,
});

export const isOver = (pending: Pending, now: Moment): boolean => leftOf(deadlineOf(pending), now) === 0;

/** Throws `policy_not_pending`. */
export function requirePending(pending: Pending | null): Pending {
  if (pending) return pending;
  throw new VmoatError('policy_not_pending', 'no version waits to be confirmed', {
    hint: '`vmoat policy log` shows what became of the last one',
  });
}

/** Throws `policy_pending`. */
export function refusePending(pending: Pending | null, now: Moment): void {
  if (!pending) return;
  const left_s = Math.ceil(leftOf(deadlineOf(pending), now) / 1000);
  throw new VmoatError(
    'policy_pending',
    `version ${pending.version} waits to be confirmed, ${left_s} s are left`,
    {
      hint: '`vmoat policy confirm` keeps it, `vmoat policy rollback` withdraws it',
    },
  );
}
