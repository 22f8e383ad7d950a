// Tables that were made before anybody had looked at libvirt say of every VM that it is unknown. vmoat-dp goes on by
// what it was told last until libvirt answers, or for a while where it does not and nobody would be cut off.
import type { PolicyOrder } from '../dp/client/index.ts';
import type { Clock, Stop } from './base/clock.ts';

const WAIT_MS = 10_000;

export class FirstOrders {
  readonly #to: (order: PolicyOrder) => void;
  readonly #enforces: () => boolean;
  readonly #stop: Stop;
  #waiting: PolicyOrder | null = null;
  #isKnown = false;
  #isLate = false;

  /** `enforces`: vmoat-dp carries verdicts out, as far as we know. */
  constructor(clock: Clock, to: (order: PolicyOrder) => void, enforces: () => boolean) {
    this.#to = to;
    this.#enforces = enforces;
    this.#stop = clock.every(WAIT_MS, () => this.#late());
  }

  give(order: PolicyOrder): void {
    const goes = this.#isKnown || (this.#isLate && !this.#cutsOff(order));
    this.#waiting = goes ? null : order;
    if (goes) this.#to(order);
  }

  /** It is known who there is. */
  open(): void {
    this.#stop();
    this.#isKnown = true;
    if (this.#waiting) this.give(this.#waiting);
  }

  stop(): void {
    this.#stop();
  }

  #late(): void {
    this.#isLate = true;
    if (this.#waiting) this.give(this.#waiting);
  }

  /** Where a group is in protect, NICs that tables do not name pass nothing; these name none. */
  #cutsOff({ groups }: PolicyOrder): boolean {
    return this.#enforces() && groups.some(({ mode }) => mode === 'protect');
  }
}
