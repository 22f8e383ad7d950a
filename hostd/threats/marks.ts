// Marks the nodes and edges of a graph that take part in open incidents. Pure.
import type { Graph, GraphEdge, Threat, ThreatMark, WorkloadRef } from '../api/schema.ts';
import { rankOf } from './severity.ts';

/** The graph with its marks; `nodeOf`: the id of an end's node at the graph's level. */
export function marked(graph: Graph, threats: Iterable<Threat>, nodeOf: (end: WorkloadRef) => string): Graph {
  const nodes = new Map<string, ThreatMark>();
  const edges = new Map<string, ThreatMark>();
  for (const threat of threats) {
    const [from, to] = [threat.from && nodeOf(threat.from), threat.to && nodeOf(threat.to)];
    for (const id of new Set([from, to])) if (id !== undefined) add(nodes, id, threat);
    if (from === undefined || to === undefined) continue;
    for (const key of edgeKeys(from, to, threat)) add(edges, key, threat);
  }
  if (nodes.size === 0) return graph;
  return {
    ...graph,
    nodes: graph.nodes.map((node) => withMark(node, nodes.get(node.id))),
    edges: graph.edges.map((edge) => withMark(edge, edges.get(edgeKey(edge)))),
  };
}

const withMark = <T extends object>(item: T, threats: ThreatMark | undefined): T =>
  threats ? { ...item, threats } : item;

const edgeKey = ({ from, to, proto, port }: Pick<GraphEdge, 'from' | 'to' | 'proto' | 'port'>): string =>
  [from, to, proto, port].join('\n');

/** Who did it may be the client of the edge or its server. */
const edgeKeys = (from: string, to: string, { proto, sport, dport }: Threat): string[] => [
  edgeKey({ from, to, proto, port: dport }),
  edgeKey({ from: to, to: from, proto, port: sport }),
];

function add(marks: Map<string, ThreatMark>, id: string, { severity }: Threat): void {
  const mark = marks.get(id);
  if (!mark) marks.set(id, { open: 1, worst: severity });
  else {
    mark.open++;
    if (rankOf(severity) > rankOf(mark.worst)) mark.worst = severity;
  }
}
