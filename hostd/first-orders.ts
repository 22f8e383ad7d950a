// Tables that were made before anybody had looked at libvirt say of every VM that it is unknown; those from before
// vmoat-dp told what it has learned lack addresses, and make its verdicts void. It goes on by what it was told last
// until both have answered, or for a while where one does not and nobody would be cut off.
import type { PolicyOrder } from '../dp/client/index.ts';
import type { Clock, Stop } from './base/clock.ts';

/** Who says who there is. */
export type Witness = 'libvirt' | 'vmoat-dp';

const WAIT_MS = 10_000;

export class FirstOrders {
  readonly #to: (order: PolicyOrder) => void;
  readonly #enforces: () => boolean;
  readonly #stop: Stop;
  readonly #awaited = new Set<Witness>(['libvirt', 'vmoat-dp']);
  #waiting: PolicyOrder | null = null;
  #isLate = false;

  /** `enforces`: vmoat-dp carries verdicts out, as far as we know. */
  constructor(clock: Clock, to: (order: PolicyOrder) => void, enforces: () => boolean) {
    this.#to = to;
    this.#enforces = enforces;
    this.#stop = clock.every(WAIT_MS, () => this.#late());
  }

  give(order: PolicyOrder): void {
    const goes = this.#awaited.size === 0 || (this.#isLate && !this.#cutsOff(order));
    this.#waiting = goes ? null : order;
    if (goes) this.#to(order);
  }

  /** What it knows is in the tables that were given last. */
  seen(by: Witness): void {
    this.#awaited.delete(by);
    if (this.#awaited.size === 0) this.#stop();
    if (this.#waiting) this.give(this.#waiting);
  }

  stop(): void {
    this.#stop();
  }

  #late(): void {
    this.#isLate = true;
    if (this.#waiting) this.give(this.#waiting);
  }

  /** Where a group is in protect, NICs that tables do not name pass nothing; without libvirt these name none. */
  #cutsOff({ groups }: PolicyOrder): boolean {
    return this.#awaited.has('libvirt') && this.#enforces() && groups.some(({ mode }) => mode === 'protect');
  }
}
