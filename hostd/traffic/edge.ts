// One edge of the graph: a client, a server, an application on a port; with rates of the last seconds.
import type { GraphEdge, WorkloadRef } from '../api/schema.ts';

export type Pair = [toServer: number, toClient: number];

/** What makes two flows the same edge. */
export interface EdgeName {
  from: WorkloadRef;
  to: WorkloadRef;
  app: string | null;
  proto: string;
  port: number;
}

export const RATE_WINDOW_S = 5;

/** Names are bounded by libvirt and the registry; the separator cannot occur in a UUID, number or keyword. */
export const edgeKey = (name: EdgeName): string =>
  [name.from.kind, name.from.id, name.to.kind, name.to.id, name.proto, name.port, name.app ?? ''].join('\n');

/** Bytes a second over the last whole seconds: one bucket a second, the last one still filling. */
export class Rate {
  readonly #buckets = new Float64Array(RATE_WINDOW_S * 2);
  #second = 0;

  add(bytes: Pair, now_ms: number): void {
    const at = this.#turn(now_ms);
    this.#buckets[at] = (this.#buckets[at] ?? 0) + bytes[0];
    this.#buckets[at + 1] = (this.#buckets[at + 1] ?? 0) + bytes[1];
  }

  read(now_ms: number): Pair {
    this.#turn(now_ms);
    const sum: Pair = [0, 0];
    for (let at = 0; at < this.#buckets.length; at += 2) {
      sum[0] += this.#buckets[at] ?? 0;
      sum[1] += this.#buckets[at + 1] ?? 0;
    }
    return [perSecond(sum[0]), perSecond(sum[1])];
  }

  /** Clears the buckets that time has passed over; returns the offset of the present one. */
  #turn(now_ms: number): number {
    const second = Math.floor(now_ms / 1000);
    const passed = Math.min(second - this.#second, RATE_WINDOW_S);
    for (let step = 0; step < passed; step++) {
      const at = ((second - step) % RATE_WINDOW_S) * 2;
      this.#buckets.fill(0, at, at + 2);
    }
    if (second > this.#second) this.#second = second;
    return (this.#second % RATE_WINDOW_S) * 2;
  }
}

const perSecond = (bytes: number): number => Math.max(0, Math.round(bytes / RATE_WINDOW_S));

export class Edge {
  readonly key: string;
  readonly name: EdgeName;
  readonly rate = new Rate();
  readonly packets: Pair = [0, 0];
  readonly bytes: Pair = [0, 0];
  confidence: 'sure' | 'guess' | null = null;
  sessions = 0;
  open = 0;
  violations = 0;
  first_ms = Number.POSITIVE_INFINITY;
  last_ms = 0;

  constructor(key: string, name: EdgeName) {
    this.key = key;
    this.name = name;
  }

  toJson(now_ms: number): GraphEdge {
    return {
      id: edgeId(this.name),
      from: nodeId(this.name.from),
      to: nodeId(this.name.to),
      app: this.name.app,
      confidence: this.confidence,
      proto: this.name.proto,
      port: this.name.port,
      sessions: this.sessions,
      open: this.open,
      packets: [...this.packets],
      bytes: [...this.bytes],
      rate: this.rate.read(now_ms),
      first: new Date(this.first_ms).toISOString(),
      last: new Date(this.last_ms).toISOString(),
      violations: this.violations,
    };
  }
}

/** Node of an end: a workload's UUID, else kind and id, so that a network called `host` is not the host. */
export const nodeId = (ref: Pick<WorkloadRef, 'kind' | 'id'>): string =>
  ref.kind === 'vm' || ref.kind === ref.id ? ref.id : `${ref.kind}:${ref.id}`;

export const edgeId = (name: EdgeName): string =>
  `${nodeId(name.from)}>${nodeId(name.to)}/${name.proto}/${name.port}/${name.app ?? ''}`;
