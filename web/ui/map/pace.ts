// Measures how fast frames come while something moves, and says so once a second.
import type { FromWorker } from './messages.ts';

type Pace = Extract<FromWorker, { kind: 'pace' }>;

export class PaceMeter {
  #frames = 0;
  #layout = 0;
  #paint = 0;
  #since = 0;

  /** Milliseconds of one frame's layout and painting; returns a report once a second. */
  frame(now: number, layout_ms: number, paint_ms: number): Pace | null {
    if (this.#frames === 0 || now - this.#since > 3000) this.#begin(now);
    this.#frames++;
    this.#layout += layout_ms;
    this.#paint += paint_ms;
    const span = now - this.#since;
    if (span < 1000) return null;
    const report: Pace = {
      kind: 'pace',
      framesPerSecond: Math.round(((this.#frames - 1) * 1000) / span),
      layout_ms: this.#layout / this.#frames,
      paint_ms: this.#paint / this.#frames,
    };
    this.#begin(now);
    this.#frames = 1;
    return report;
  }

  #begin(now: number): void {
    this.#frames = 0;
    this.#layout = 0;
    this.#paint = 0;
    this.#since = now;
  }
}
