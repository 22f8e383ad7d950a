// All live edges, made from what each flow contributes; a flow that turns out to be another edge moves over.
import type { GraphEdge, WorkloadRef } from '../api/schema.ts';
import { Edge, type EdgeName, edgeKey, nodeId, type Pair } from './edge.ts';

/** What one flow has added to its edge, so that it can be taken away again. */
export interface Contribution {
  key: string;
  name: EdgeName;
  packets: Pair;
  bytes: Pair;
  open: boolean;
  violation: boolean;
}

/** A change of an edge's totals, for the history: what one minute saw. */
export interface EdgeDelta {
  name: EdgeName;
  packets: Pair;
  bytes: Pair;
  /** ms since the epoch */
  at: number;
}

export interface EdgeUpdate {
  name: EdgeName;
  confidence: 'sure' | 'guess' | null;
  packets: Pair;
  bytes: Pair;
  /** What came since the flow's previous record: all that a flow older than hostd adds to rates and history. */
  deltaPackets: Pair;
  deltaBytes: Pair;
  open: boolean;
  violation: boolean;
  first_ms: number;
  last_ms: number;
}

export interface EdgeLimits {
  /** More edges than this are not made; their flows are counted as dropped. */
  edgesMax: number;
  /** An edge without an open session and silent for this long leaves the live graph. */
  idle_ms: number;
}

export const EDGE_LIMITS: EdgeLimits = { edgesMax: 50_000, idle_ms: 600_000 };
/** Addresses kept for each end that is no VM. */
const ADDRESSES_MAX = 32;

export class EdgeTable {
  readonly #edges = new Map<string, Edge>();
  readonly #addresses = new Map<string, Set<string>>();
  readonly #limits: EdgeLimits;
  /** Flows that found no room. */
  dropped = 0;

  constructor(limits: EdgeLimits = EDGE_LIMITS) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#edges.size;
  }

  /**
   * Adds what is new of a flow. `before` is what the flow contributed so far (null: a new flow), `update` its
   * totals now. Returns the new contribution and what to tell the history; null where no edge has room.
   */
  apply(
    before: Contribution | null,
    update: EdgeUpdate,
    now_ms: number,
  ): { contribution: Contribution; deltas: EdgeDelta[] } | null {
    const key = edgeKey(update.name);
    const moved = before !== null && before.key !== key;
    const deltas = moved ? [this.#withdraw(before, update.last_ms)] : [];
    const edge = this.#edgeFor(key, update.name);
    if (!edge) {
      this.dropped++;
      return null;
    }
    const growth = growthOf(before, update);
    edge.rate.add(growth.bytes, now_ms);
    addTo(edge, moved ? null : before, update);
    deltas.push({ name: edge.name, at: update.last_ms, ...(moved ? totalsOf(before, growth) : growth) });
    const { packets, bytes, open, violation } = update;
    return { contribution: { key, name: edge.name, packets, bytes, open, violation }, deltas };
  }

  /** An end that is no VM was seen with this address. */
  sawAddress(end: WorkloadRef, address: string): void {
    if (end.kind === 'vm') return;
    const id = nodeId(end);
    const known = this.#addresses.get(id) ?? new Set();
    if (known.size < ADDRESSES_MAX) known.add(address);
    this.#addresses.set(id, known);
  }

  addressesOf(node: string): string[] {
    return [...(this.#addresses.get(node) ?? [])];
  }

  /** Forgets edges that have been silent for long. */
  expire(now_ms: number): void {
    for (const edge of this.#edges.values())
      if (edge.open <= 0 && now_ms - edge.last_ms > this.#limits.idle_ms) this.#edges.delete(edge.key);
  }

  *values(): Generator<Edge> {
    yield* this.#edges.values();
  }

  toJson(now_ms: number): GraphEdge[] {
    return [...this.#edges.values()].map((edge) => edge.toJson(now_ms));
  }

  #edgeFor(key: string, name: EdgeName): Edge | null {
    const existing = this.#edges.get(key);
    if (existing) return existing;
    if (this.#edges.size >= this.#limits.edgesMax) return null;
    const edge = new Edge(key, name);
    this.#edges.set(key, edge);
    return edge;
  }

  #withdraw(before: Contribution, at: number): EdgeDelta {
    const edge = this.#edges.get(before.key);
    if (edge) {
      subtract(edge, before);
      if (edge.sessions <= 0) this.#edges.delete(edge.key);
    }
    return { name: before.name, packets: negated(before.packets), bytes: negated(before.bytes), at };
  }
}

interface Growth {
  packets: Pair;
  bytes: Pair;
}

const growthOf = (before: Contribution | null, update: EdgeUpdate): Growth =>
  before
    ? { packets: grown(update.packets, before.packets), bytes: grown(update.bytes, before.bytes) }
    : { packets: update.deltaPackets, bytes: update.deltaBytes };

/** What a flow that moves brings along: all that was withdrawn elsewhere, and its growth. */
const totalsOf = (before: Contribution, growth: Growth): Growth => ({
  packets: grown(growth.packets, negated(before.packets)),
  bytes: grown(growth.bytes, negated(before.bytes)),
});

function addTo(edge: Edge, base: Contribution | null, update: EdgeUpdate): void {
  add(edge.packets, grown(update.packets, base?.packets));
  add(edge.bytes, grown(update.bytes, base?.bytes));
  edge.sessions += base ? 0 : 1;
  edge.open += Number(update.open) - Number(base?.open ?? false);
  edge.violations += Number(update.violation) - Number(base?.violation ?? false);
  edge.confidence = update.confidence ?? edge.confidence;
  edge.first_ms = Math.min(edge.first_ms, update.first_ms);
  edge.last_ms = Math.max(edge.last_ms, update.last_ms);
}

function subtract(edge: Edge, before: Contribution): void {
  add(edge.packets, negated(before.packets));
  add(edge.bytes, negated(before.bytes));
  edge.sessions -= 1;
  edge.open -= Number(before.open);
  edge.violations -= Number(before.violation);
}

const grown = (now: Pair, before: Pair = [0, 0]): Pair => [now[0] - before[0], now[1] - before[1]];
const negated = (pair: Pair): Pair => [-pair[0], -pair[1]];
const add = (total: Pair, more: Pair): void => {
  total[0] += more[0];
  total[1] += more[1];
};
