// Takes record batches of any size and works them off in slices, so that a million records do not hold up the API.

export interface BatchQueueOptions<T> {
  /** Records that may wait; a batch beyond that is dropped whole. */
  recordsMax: number;
  slice: number;
  work: (records: T[]) => void;
  /** Runs `next` soon, after I/O had its turn. */
  defer: (next: () => void) => void;
}

export class BatchQueue<T> {
  readonly #options: BatchQueueOptions<T>;
  readonly #batches: { count: number; records: Iterator<T>; done: () => void }[] = [];
  #waiting = 0;
  #running = false;
  dropped = 0;

  constructor(options: BatchQueueOptions<T>) {
    this.#options = options;
  }

  /** `done` is called once all records of the batch are worked off or dropped. */
  push(batch: Iterable<T>, count: number, done: () => void = () => {}): void {
    if (this.#waiting + count > this.#options.recordsMax) {
      this.dropped += count;
      done();
      return;
    }
    this.#waiting += count;
    this.#batches.push({ count, records: batch[Symbol.iterator](), done });
    if (this.#running) return;
    this.#running = true;
    this.#step();
  }

  #step(): void {
    const done: (() => void)[] = [];
    const slice = this.#take(done);
    if (slice.length) this.#options.work(slice);
    for (const tell of done) tell();
    if (this.#batches.length === 0) this.#running = false;
    else this.#options.defer(() => this.#step());
  }

  #take(done: (() => void)[]): T[] {
    const slice: T[] = [];
    while (slice.length < this.#options.slice) {
      const batch = this.#batches[0];
      if (!batch) break;
      const next = batch.records.next();
      if (!next.done) slice.push(next.value);
      else {
        this.#waiting -= batch.count;
        this.#batches.shift();
        done.push(batch.done);
      }
    }
    return slice;
  }
}
