// Readies the graph's edges for drawing: which lie side by side between two nodes, how wide, how busy.
import type { GraphEdge } from '../../hostd/api/schema.ts';

/** Sideways places of `count` parallel edges: 0 for one, ±½ for two, -1 0 1 for three … */
function places(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i - (count - 1) / 2);
}

/**
 * Index of each edge → its sideways place, seen from its own client, so that both directions between the
 * same two nodes share one fan. Order by id keeps places stable over updates.
 */
export function fan(edges: readonly Pick<GraphEdge, 'id' | 'from' | 'to'>[]): number[] {
  const pairs = new Map<string, number[]>();
  edges.forEach((edge, i) => {
    const key = edge.from < edge.to ? `${edge.from}\n${edge.to}` : `${edge.to}\n${edge.from}`;
    const members = pairs.get(key);
    if (members) members.push(i);
    else pairs.set(key, [i]);
  });
  const out = new Array<number>(edges.length).fill(0);
  for (const members of pairs.values()) {
    members.sort((a, b) => ((edges[a]?.id ?? '') < (edges[b]?.id ?? '') ? -1 : 1));
    places(members.length).forEach((place, at) => {
      const i = members[at];
      const edge = i === undefined ? undefined : edges[i];
      if (i !== undefined && edge) out[i] = edge.from < edge.to ? place : -place;
    });
  }
  return out;
}

/** Line width in pixels for a rate in bytes a second: one step a decade, 1.2 when idle, at most 6.5. */
export function widthOf(rate: number): number {
  return Math.min(6.5, 1.2 + 0.8 * Math.log10(1 + rate / 60));
}

/** Dots a second that travel along an edge at this rate; none when nothing flows. */
export function dotsOf(rate: number): number {
  return rate <= 0 ? 0 : Math.min(5, 0.5 + 0.75 * Math.log10(1 + rate / 100));
}

/** Mean bytes a second over a past window, where live rates say nothing. */
export function meanRate(edge: Pick<GraphEdge, 'bytes'>, seconds: number): [number, number] {
  return [edge.bytes[0] / Math.max(1, seconds), edge.bytes[1] / Math.max(1, seconds)];
}
