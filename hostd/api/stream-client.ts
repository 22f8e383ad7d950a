// One reader of the live stream: its kinds, its filter, and a bounded buffer whose overflow is counted and told.
import { type FlowFilter, type GroupOf, passes } from '../history/flow-filter.ts';
import type { StreamKind } from './queries.ts';
import type { Flow, StreamEvent } from './schema.ts';

/** Bytes that may wait for a slow reader. */
export const BUFFER_BYTES_MAX = 2 * 1024 * 1024;
/** Flows in one event. */
const FLOWS_MAX = 500;

/** What an HTTP response offers. */
export interface Reader {
  /** Bytes that wait. */
  readonly writableLength: number;
  write(text: string): unknown;
}

export class StreamClient {
  readonly kinds: ReadonlySet<StreamKind>;
  readonly #response: Reader;
  readonly #filter: FlowFilter;
  readonly #groupOf: GroupOf;
  #untold = 0;

  constructor(response: Reader, kinds: readonly StreamKind[], filter: FlowFilter, groupOf: GroupOf) {
    this.#response = response;
    this.kinds = new Set(kinds);
    this.#filter = filter;
    this.#groupOf = groupOf;
  }

  /** Returns how many flows were dropped. */
  flows(flows: readonly Flow[]): number {
    const passing = flows.filter((flow) => passes(flow, this.#filter, this.#groupOf));
    let dropped = 0;
    for (let at = 0; at < passing.length; at += FLOWS_MAX) {
      const slice = passing.slice(at, at + FLOWS_MAX);
      if (!this.#hasRoom()) dropped += slice.length;
      else this.#write('flows', JSON.stringify({ kind: 'flows', flows: slice } satisfies StreamEvent));
    }
    this.#untold += dropped;
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
    if (this.#untold > 0) {
      const told = JSON.stringify({ kind: 'dropped', flows: this.#untold } satisfies StreamEvent);
      this.#response.write(`event: dropped\ndata: ${told}\n\n`);
      this.#untold = 0;
    }
    this.#response.write(`event: ${event}\ndata: ${json}\n\n`);
  }
}
