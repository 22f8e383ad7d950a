// Panic that begins, is prolonged or ends, as events.
import type { Emit } from './events.ts';

/** Worked out anew from two clocks each time, the end wanders a little. */
const SAME_MS = 5000;

export class PanicNews {
  readonly #emit: Emit;
  /** Its end, ms; null: none. */
  #told: number | null = null;

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  /** To be called with every status of vmoat-dp, and with none while it does not answer: the map goes on. */
  take(panic: { until: string } | null): void {
    const until = panic === null ? null : Date.parse(panic.until);
    const before = this.#told;
    this.#told = until;
    if (panic !== null && (before === null || Math.abs((until ?? 0) - before) > SAME_MS))
      this.#emit('panic-began', { text: `nothing is dropped or held until ${panic.until}`, data: panic });
    if (panic === null && before !== null)
      this.#emit('panic-ended', { text: 'verdicts are carried out again' });
  }
}
