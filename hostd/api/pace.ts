// Runs a job soon after it was asked for, but not more often than every so often.

/** A job rests for so many times as long as it took, so that it never has the thread for itself. */
const REST = 4;

export class Pace {
  readonly #job: () => void;
  readonly #soon_ms: number;
  readonly #interval_ms: number;
  readonly #rest: number;
  #notBefore = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;

  /**
   * `soon_ms`: what is asked for meanwhile becomes one run; `interval_ms`: least time between two runs; `rest`: the least
   * pause after a run, in times of what it took.
   */
  constructor(job: () => void, soon_ms: number, interval_ms: number, rest = REST) {
    this.#job = job;
    this.#soon_ms = soon_ms;
    this.#interval_ms = interval_ms;
    this.#rest = rest;
  }

  ask(): void {
    if (this.#timer) return;
    const wait_ms = Math.max(this.#soon_ms, this.#notBefore - performance.now());
    this.#timer = setTimeout(() => this.#run(), wait_ms);
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #run(): void {
    this.#timer = null;
    const begun = performance.now();
    this.#notBefore = begun + this.#interval_ms;
    this.#job();
    this.#notBefore = Math.max(this.#notBefore, begun + (performance.now() - begun) * (this.#rest + 1));
  }
}
