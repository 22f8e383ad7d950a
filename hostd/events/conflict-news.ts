// Addresses that are claimed twice, as an event a minute: a guest can provoke them at will.
import type { AddressConflict } from '../../topology/types.ts';
import type { Emit } from './events.ts';

const QUIET_MS = 60_000;

export class ConflictNews {
  readonly #emit: Emit;
  readonly #segmentName: (segment: number) => string;
  #told = Number.NEGATIVE_INFINITY;
  #count = 0;
  #first: AddressConflict | null = null;

  constructor(emit: Emit, segmentName: (segment: number) => string) {
    this.#emit = emit;
    this.#segmentName = segmentName;
  }

  take(conflicts: readonly AddressConflict[]): void {
    this.#first ??= conflicts[0] ?? null;
    this.#count += conflicts.length;
  }

  /** To be called each second. */
  tell(now_ms: number): void {
    if (!this.#first || now_ms - this.#told < QUIET_MS) return;
    const { segment, address, owner, claimant, moved } = this.#first;
    const more = this.#count > 1 ? `, and ${this.#count - 1} more conflicts` : '';
    const text = `${address} of ${owner.mac} is claimed by ${claimant.mac}${more}`;
    const data = { address, segment: this.#segmentName(segment), owner: owner.mac, claimant: claimant.mac };
    this.#emit('address-conflict', { text, data: { ...data, moved, count: this.#count } });
    this.#told = now_ms;
    this.#count = 0;
    this.#first = null;
  }
}
