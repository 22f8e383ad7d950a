// The applications on the graph, busiest first, for the legend.
import type { Graph } from '../../hostd/api/schema.ts';
import { applicationName } from './application.ts';

export type LegendEntry = { app: string; edges: number; rate: number; bytes: number };

export function legend(graph: Graph): LegendEntry[] {
  const entries = new Map<string, LegendEntry>();
  for (const edge of graph.edges) {
    const app = applicationName(edge.app);
    const entry = entries.get(app) ?? { app, edges: 0, rate: 0, bytes: 0 };
    entry.edges++;
    entry.rate += edge.rate[0] + edge.rate[1];
    entry.bytes += edge.bytes[0] + edge.bytes[1];
    entries.set(app, entry);
  }
  // By name, not by rate: a legend whose rows jump every second cannot be read.
  return [...entries.values()].sort((a, b) => a.app.localeCompare(b.app));
}
