// Deadlines that no change of the wall clock moves, and that a reboot does not lift.
import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';
import type { Deadline } from '../contract/policy.ts';

/** A moment, by all that can be said of it; milliseconds. */
export interface Moment {
  /** since the epoch */
  wall_ms: number;
  /** kernel.random.boot_id(4) */
  boot: string;
  /** since then, time asleep included */
  uptime_ms: number;
}

let boot: string | undefined;

/** Where the kernel does not say which boot this is, every start of the process counts as another one. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return `${process.pid}@${Date.now()}`;
  }
}

export function moment(): Moment {
  boot ??= bootId();
  return { wall_ms: Date.now(), boot, uptime_ms: Math.round(uptime() * 1000) };
}

export const deadlineIn = (duration_ms: number, now: Moment): Deadline => ({
  since: now.wall_ms,
  at: now.wall_ms + duration_ms,
  boot: now.boot,
  uptime_ms: now.uptime_ms + duration_ms,
});

export const putOff = (deadline: Deadline, by_ms: number): Deadline => ({
  ...deadline,
  at: deadline.at + by_ms,
  uptime_ms: deadline.uptime_ms + by_ms,
});

/**
 * 0 where it has passed. In the boot that set it time since then counts; in a later one the wall clock does, and one
 * that stands before the beginning says nothing, so that the deadline counts as passed.
 */
export function leftOf(deadline: Deadline, now: Moment): number {
  const { since, at } = deadline;
  if (deadline.boot === now.boot)
    return Math.max(0, Math.min(deadline.uptime_ms - now.uptime_ms, at - since));
  return now.wall_ms < since ? 0 : Math.max(0, at - now.wall_ms);
}

/** The same deadline, from now on by the time of this boot. */
export const carriedOver = (deadline: Deadline, now: Moment): Deadline =>
  deadline.boot === now.boot
    ? deadline
    : { ...deadline, boot: now.boot, uptime_ms: now.uptime_ms + leftOf(deadline, now) };
