// Tables that were made before anybody had looked at libvirt say of every VM that it is unknown. vmoat-dp goes on by
// what it was told last until libvirt answers, or for a while where it does not.
import type { PolicyOrder } from '../dp/client/index.ts';
import type { Clock, Stop } from './base/clock.ts';

const WAIT_MS = 10_000;

export class FirstOrders {
  readonly #to: (order: PolicyOrder) => void;
  readonly #stop: Stop;
  #waiting: PolicyOrder | null = null;
  #open = false;

  constructor(clock: Clock, to: (order: PolicyOrder) => void) {
    this.#to = to;
    this.#stop = clock.every(WAIT_MS, () => this.open());
  }

  give(order: PolicyOrder): void {
    if (this.#open) this.#to(order);
    else this.#waiting = order;
  }

  /** It is known who there is. */
  open(): void {
    this.#stop();
    if (this.#open) return;
    this.#open = true;
    if (this.#waiting) this.#to(this.#waiting);
    this.#waiting = null;
  }

  stop(): void {
    this.#stop();
  }
}
