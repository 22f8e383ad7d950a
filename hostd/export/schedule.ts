// When exports run: at the moments of a cron expression, watched by a timer.
import { Cron } from '../base/cron.ts';

export interface Scheduled {
  /** null: never again */
  next(): Date | null;
  stop(): void;
}

/** `missed`: the process was too busy, or asleep, to run it in time; `next` is the one after it by then. */
export type Schedule = (
  job: { cron: string; timezone: string },
  run: () => void,
  missed: (due: Date) => void,
) => Scheduled;

/** What was due longer ago was missed. */
const LATE_MS = 60_000;
/** Looks that often at the clock, which may be set or stand still while the host sleeps. */
const LOOK_MS = 30_000;

/** `now`, ms since the epoch, is read at every look. */
export function cronSchedule(
  { cron, timezone }: { cron: string; timezone: string },
  run: () => void,
  missed: (due: Date) => void,
  now: () => number = Date.now,
): Scheduled {
  const times = new Cron(cron, timezone);
  let due = times.next(now());
  let timer: NodeJS.Timeout | null = null;
  const look = (): void => {
    const at = now();
    if (due !== null && due < at - LATE_MS) {
      const was = new Date(due);
      due = times.next(at - LATE_MS);
      missed(was);
    }
    if (due !== null && due <= at) {
      due = times.next(at);
      run();
    }
    wait();
  };
  const wait = (): void => {
    if (due !== null) timer = setTimeout(look, Math.min(LOOK_MS, Math.max(0, due - now()))).unref();
  };
  wait();
  return {
    next: () => (due === null ? null : new Date(due)),
    stop: () => {
      if (timer) clearTimeout(timer);
    },
  };
}
