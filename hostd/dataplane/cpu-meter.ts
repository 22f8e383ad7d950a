// Processor use out of growing CPU seconds: percent of one core over the last interval.

/** Shorter intervals measure noise. */
const INTERVAL_MS_MIN = 900;

export class CpuMeter {
  #seconds = Number.NaN;
  #at = 0;
  percent = 0;

  reset(): void {
    this.#seconds = Number.NaN;
    this.percent = 0;
  }

  /** `seconds` of user and system time since the process started, as of `at` (ms). */
  take(seconds: number, at: number): void {
    const elapsed_ms = at - this.#at;
    if (!Number.isNaN(this.#seconds) && elapsed_ms < INTERVAL_MS_MIN) return;
    if (!Number.isNaN(this.#seconds))
      this.percent = round(((seconds - this.#seconds) / elapsed_ms) * 100_000);
    this.#seconds = seconds;
    this.#at = at;
  }
}

const round = (percent: number): number => Math.max(0, Math.round(percent * 10) / 10);
