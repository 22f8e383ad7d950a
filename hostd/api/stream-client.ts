// One reader of the live stream: its kinds, its filter, and a bounded buffer whose overflow is counted and told.
import type { StreamKind } from './queries.ts';
import type { Flow, StreamEvent, Threat } from './schema.ts';

/** Bytes that may wait for a slow reader. */
export const BUFFER_BYTES_MAX = 2 * 1024 * 1024;
/** Flows, or incidents, in one event. */
const ITEMS_MAX = 500;

/** What an HTTP response offers. */
export interface Reader {
  /** Bytes that wait. */
  readonly writableLength: number;
  write(text: string): unknown;
}

/** What of the stream a reader wants. */
export interface Passes {
  flow: (flow: Flow) => boolean;
  threat: (threat: Threat) => boolean;
}

export class StreamClient {
  readonly kinds: ReadonlySet<StreamKind>;
  readonly #response: Reader;
  readonly #passes: Passes;
  #untold = { flows: 0, threats: 0 };

  constructor(response: Reader, kinds: readonly StreamKind[], passes: Passes) {
    this.#response = response;
    this.kinds = new Set(kinds);
    this.#passes = passes;
  }

  /** Returns how many flows were dropped. */
  flows(flows: readonly Flow[]): number {
    const dropped = this.#items(flows.filter(this.#passes.flow), (slice) => ({
      kind: 'flows',
      flows: slice,
    }));
    this.#untold.flows += dropped;
    return dropped;
  }

  /** Returns how many incidents were dropped. */
  threats(threats: readonly Threat[]): number {
    const passing = threats.filter(this.#passes.threat);
    const dropped = this.#items(passing, (slice) => ({ kind: 'threats', threats: slice }));
    this.#untold.threats += dropped;
    return dropped;
  }

  #items<T>(items: readonly T[], event: (slice: T[]) => StreamEvent): number {
    let dropped = 0;
    for (let at = 0; at < items.length; at += ITEMS_MAX) {
      const told = event(items.slice(at, at + ITEMS_MAX));
      if (this.#hasRoom()) this.#write(told.kind, JSON.stringify(told));
      else dropped += Math.min(ITEMS_MAX, items.length - at);
    }
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
    if (this.#untold.flows + this.#untold.threats > 0) {
      const told = JSON.stringify({ kind: 'dropped', ...this.#untold } satisfies StreamEvent);
      this.#response.write(`event: dropped\ndata: ${told}\n\n`);
      this.#untold = { flows: 0, threats: 0 };
    }
    this.#response.write(`event: ${event}\ndata: ${json}\n\n`);
  }
}
