// Runs a job soon after it was asked for, but not more often than every so often.

export class Pace {
  readonly #job: () => void;
  readonly #soon_ms: number;
  readonly #interval_ms: number;
  #last = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;

  /** `soon_ms`: what is asked for meanwhile becomes one run; `interval_ms`: least time between two runs. */
  constructor(job: () => void, soon_ms: number, interval_ms: number) {
    this.#job = job;
    this.#soon_ms = soon_ms;
    this.#interval_ms = interval_ms;
  }

  ask(): void {
    if (this.#timer) return;
    const wait_ms = Math.max(this.#soon_ms, this.#last + this.#interval_ms - performance.now());
    this.#timer = setTimeout(() => this.#run(), wait_ms);
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #run(): void {
    this.#timer = null;
    this.#last = performance.now();
    this.#job();
  }
}
