// What is lost, as an event a minute.
import type { Emit } from './events.ts';

export class LossNews {
  readonly #emit: Emit;
  #before: Record<string, number> | null = null;

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  /** Counters since the start of whoever lost it, by cause; to be called each minute. */
  take(lost: Readonly<Record<string, number>>): void {
    const before = this.#before;
    this.#before = { ...lost };
    if (!before) return;
    const gained = Object.entries(lost)
      .map(([cause, count]): [string, number] => [cause, since(before[cause] ?? 0, count)])
      .filter(([, count]) => count > 0);
    if (gained.length === 0) return;
    const text = `lost within a minute: ${gained.map(([cause, count]) => `${cause} ${count}`).join(', ')}`;
    this.#emit('records-lost', { text, data: Object.fromEntries(gained) });
  }
}

/** A counter that fell was begun anew. */
const since = (before: number, now: number): number => (now < before ? now : now - before);
