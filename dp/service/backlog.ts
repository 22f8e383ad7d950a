// Backlog: flow and threat records until a keeper says that they are on its disk, so that the death of hostd
// loses none; counts those that had to go.
import type { Receipt } from '../contract/protocol.ts';

/** What is held, bytes; beyond it the oldest batch goes. */
export const BACKLOG_BYTES_MAX = 16 * 1024 * 1024;

/** A bulk body as it goes to clients. */
export interface Bulk {
  type: number;
  records: number;
  body: Buffer;
}
/** `number`: of the batch of flow records with which it is kept; these count up by one. */
export interface Held extends Bulk {
  number: number;
}
type Gone = Pick<Held, 'number' | 'records'>;

export class Backlog {
  readonly #instance: string;
  #held: Held[] = [];
  #bytes = 0;
  /** No longer held, and not on a keeper's disk as far as we know. */
  #gone: Gone[] = [];

  constructor(instance: string) {
    this.#instance = instance;
  }

  get held(): number {
    return this.#held.length;
  }

  hold(bulk: Held): void {
    this.#held.push(bulk);
    this.#bytes += bulk.body.length;
    while (this.#bytes > BACKLOG_BYTES_MAX) {
      const oldest = this.#shift();
      if (oldest) this.#gone.push({ number: oldest.number, records: oldest.records });
    }
  }

  /** All up to this number are on disk. */
  kept(number: number): void {
    this.#gone = this.#gone.filter((gone) => gone.number > number);
    while (this.#held[0] && this.#held[0].number <= number) this.#shift();
  }

  /** What a keeper still has to get, oldest first, and how many records before that are gone for good. */
  after(receipt: Receipt): { bulk: readonly Held[]; lost: number } {
    if (receipt.instance === this.#instance) this.kept(receipt.batch);
    const lost = this.#gone.reduce((sum, { records }) => sum + records, 0);
    this.#gone = [];
    return { bulk: this.#held, lost };
  }

  #shift(): Held | undefined {
    const oldest = this.#held.shift();
    if (oldest) this.#bytes -= oldest.body.length;
    return oldest;
  }
}
