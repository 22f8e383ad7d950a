// Failed attempts by client: after so many within a minute it has to wait, whatever it brings.
import type { Clock } from '../base/clock.ts';

const WINDOW_MS = 60_000;
const FAILURES_MAX = 20;
/** Clients remembered; the oldest is forgotten first. */
const CLIENTS_MAX = 10_000;

export class Failures {
  readonly #clock: Clock;
  readonly #clients = new Map<string, { since: number; count: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  isBlocked(client: string): boolean {
    const known = this.#clients.get(client);
    return known !== undefined && known.count >= FAILURES_MAX && this.#isRecent(known);
  }

  note(client: string): void {
    const known = this.#clients.get(client);
    if (known && this.#isRecent(known)) known.count++;
    else {
      this.#clients.delete(client);
      this.#clients.set(client, { since: this.#clock.now(), count: 1 });
    }
    const [oldest] = this.#clients.keys();
    if (this.#clients.size > CLIENTS_MAX && oldest !== undefined) this.#clients.delete(oldest);
  }

  #isRecent({ since }: { since: number }): boolean {
    return this.#clock.now() - since < WINDOW_MS;
  }
}
