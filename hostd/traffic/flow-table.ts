// The live flows: bounded, the longest silent first to go.
import type { Flow } from '../api/schema.ts';
import type { Contribution } from './edge-table.ts';
import type { FlowEnds, NamedEnds } from './ends.ts';

export interface LiveFlow {
  flow: Flow;
  ends: FlowEnds;
  named: NamedEnds;
  first_ms: number;
  last_ms: number;
  /** Of the newest record. */
  deltaPackets: [toServer: number, toClient: number];
  deltaBytes: [toServer: number, toClient: number];
  contribution: Contribution | null;
}

export class FlowTable {
  /** In the order of their last record: a record puts its flow at the end. */
  readonly #flows = new Map<string, LiveFlow>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#flows.size;
  }

  get(id: string): LiveFlow | undefined {
    return this.#flows.get(id);
  }

  /** Puts a flow at the end; returns the one that had to make room, or null. */
  put(live: LiveFlow): LiveFlow | null {
    this.#flows.delete(live.flow.id);
    this.#flows.set(live.flow.id, live);
    if (this.#flows.size <= this.#max) return null;
    const [oldest] = this.#flows.values();
    if (!oldest) return null;
    this.#flows.delete(oldest.flow.id);
    return oldest;
  }

  delete(id: string): void {
    this.#flows.delete(id);
  }

  values(): IterableIterator<LiveFlow> {
    return this.#flows.values();
  }
}
