// What one node does: applications it serves and uses, with whom, and its rates, out of the graph's edges.
import type { Graph, GraphEdge } from '../../hostd/api/schema.ts';
import { applicationName } from './application.ts';
import { isIcmp, portName } from './port.ts';

export type Use = {
  app: string;
  /** As `portName` writes it; only the protocol for ICMP. */
  port: string;
  peers: number;
  sessions: number;
  bytes: number;
  rate: number;
  edges: string[];
};
export type Profile = {
  serves: Use[];
  uses: Use[];
  sent: number;
  received: number;
  peers: number;
  open: number;
};

function group(edges: readonly GraphEdge[], peerOf: (edge: GraphEdge) => string): Use[] {
  const uses = new Map<string, Use & { who: Set<string> }>();
  for (const edge of edges) {
    const app = applicationName(edge.app);
    // ICMP has kinds, not ports: all of them are one use.
    const port = isIcmp(edge.proto) ? edge.proto : portName(edge.proto, edge.port);
    const key = `${app} ${port}`;
    const use = uses.get(key) ?? {
      app,

      port,
      peers: 0,
      sessions: 0,
      bytes: 0,
      rate: 0,
      edges: [],
      who: new Set(),
    };
    use.sessions += edge.sessions;
    use.bytes += edge.bytes[0] + edge.bytes[1];
    use.rate += edge.rate[0] + edge.rate[1];
    use.edges.push(edge.id);
    use.who.add(peerOf(edge));
    uses.set(key, use);
  }
  const all = [...uses.values()].map(({ who, ...use }) => ({ ...use, peers: who.size }));
  return all.sort((a, b) => b.rate - a.rate || b.bytes - a.bytes || a.app.localeCompare(b.app));
}

/** Rates in bytes a second: `sent` leaves the node, whichever end it is. */
export function profile(graph: Graph, node: string): Profile {
  const served = graph.edges.filter((edge) => edge.to === node);
  const used = graph.edges.filter((edge) => edge.from === node);
  const add = (edges: GraphEdge[], way: 0 | 1) => edges.reduce((total, edge) => total + edge.rate[way], 0);
  return {
    serves: group(served, (edge) => edge.from),
    uses: group(used, (edge) => edge.to),
    sent: add(served, 1) + add(used, 0),
    received: add(served, 0) + add(used, 1),
    peers: new Set([...served.map((edge) => edge.from), ...used.map((edge) => edge.to)]).size,
    open: [...served, ...used].reduce((total, edge) => total + edge.open, 0),
  };
}
