// One reader of the live stream: its kinds, its filter, and a bounded buffer whose overflow is counted and told.
import type { StreamKind } from './queries.ts';
import type { EventRecord, Flow, StreamEvent, Threat } from './schema.ts';

/** Bytes that may wait for a slow reader. */
export const BUFFER_BYTES_MAX = 2 * 1024 * 1024;
/** Flows, incidents or events in one message. */
const ITEMS_MAX = 500;

/** What an HTTP response offers. */
export interface Reader {
  /** Bytes that wait. */
  readonly writableLength: number;
  write(text: string): unknown;
}

/** What is told as what is new of it. */
export interface Items {
  flows: Flow;
  threats: Threat;
  events: EventRecord;
}
export type ItemKind = keyof Items;

/** What of the stream a reader wants. */
export type Passes = { [K in ItemKind]: (item: Items[K]) => boolean };

const NONE = { flows: 0, threats: 0, events: 0 } satisfies Record<ItemKind, number>;

export class StreamClient {
  readonly kinds: ReadonlySet<StreamKind>;
  readonly #response: Reader;
  readonly #passes: Passes;
  #untold = { ...NONE };

  constructor(response: Reader, kinds: readonly StreamKind[], passes: Passes) {
    this.#response = response;
    this.kinds = new Set(kinds);
    this.#passes = passes;
  }

  /** Returns how many were dropped. */
  items<K extends ItemKind>(kind: K, items: readonly Items[K][]): number {
    if (!this.kinds.has(kind)) return 0;
    const passing = items.filter(this.#passes[kind]);
    let dropped = 0;
    for (let at = 0; at < passing.length; at += ITEMS_MAX) {
      const slice = passing.slice(at, at + ITEMS_MAX);
      if (this.#hasRoom()) this.#write(kind, JSON.stringify({ kind, [kind]: slice }));
      else dropped += slice.length;
    }
    this.#untold[kind] += dropped;
    return dropped;
  }

  /** A whole state: a reader that is too slow simply misses it, the next one makes up for it. */
  state(kind: StreamKind, json: string): void {
    if (this.kinds.has(kind) && this.#hasRoom()) this.#write(kind, json);
  }

  heartbeat(): void {
    if (this.#hasRoom()) this.#response.write(': still here\n\n');
  }

  #hasRoom(): boolean {
    return this.#response.writableLength < BUFFER_BYTES_MAX;
  }

  /** JSON has no line breaks, so one data line is enough. */
  #write(event: string, json: string): void {
    if (Object.values(this.#untold).some((count) => count > 0)) {
      const told = JSON.stringify({ kind: 'dropped', ...this.#untold } satisfies StreamEvent);
      this.#response.write(`event: dropped\ndata: ${told}\n\n`);
      this.#untold = { ...NONE };
    }
    this.#response.write(`event: ${event}\ndata: ${json}\n\n`);
  }
}
