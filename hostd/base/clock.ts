// Time as hostd sees it, injected so that tests can move it.

export type Stop = () => void;

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs `job` every `interval_ms` until stopped; does not keep the process alive. */
  every(interval_ms: number, job: () => void): Stop;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  every(interval_ms, job) {
    const timer = setInterval(job, interval_ms);
    timer.unref();
    return () => clearInterval(timer);
  },
};

/** A clock for tests: time moves only by `advance`, which runs what falls due on the way. */
export class ManualClock implements Clock {
  #now: number;
  readonly #jobs = new Set<{ interval_ms: number; due: number; job: () => void }>();

  constructor(now: number) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  every(interval_ms: number, job: () => void): Stop {
    const entry = { interval_ms, due: this.#now + interval_ms, job };
    this.#jobs.add(entry);
    return () => this.#jobs.delete(entry);
  }

  advance(duration_ms: number): void {
    const end = this.#now + duration_ms;
    for (;;) {
      const next = [...this.#jobs].sort((a, b) => a.due - b.due)[0];
      if (!next || next.due > end) break;
      this.#now = next.due;
      next.due += next.interval_ms;
      next.job();
    }
    this.#now = end;
  }
}
