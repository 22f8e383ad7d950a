// Bundles edges that would be drawn on top of each other: all kinds of ICMP between two nodes, and many ports of
// one application, as a port scan makes them.
import type { GraphEdge } from '../../hostd/api/schema.ts';
import { applicationName } from './application.ts';
import { isIcmp } from './port.ts';

/** What the map draws as one line; `label` is the application with its port, or how many ports. */
export type Strand = { id: string; first: GraphEdge; app: string; label: string; edges: GraphEdge[] };

/** More ports of one application than these between the same two nodes become one strand. */
const portsMax = 3;

const pairKey = (edge: GraphEdge): string =>
  `${edge.from}\n${edge.to}\n${applicationName(edge.app)}\n${isIcmp(edge.proto)}`;

function strand(edges: GraphEdge[]): Strand[] {
  const [first] = edges;
  if (!first) return [];
  const app = applicationName(first.app);
  const label = isIcmp(first.proto)
    ? app
    : edges.length > 1
      ? `${app} ${edges.length} ports`
      : `${app} ${first.port || ''}`;
  return [{ id: first.id, first, app, label: label.trim(), edges }];
}

export function strands(edges: readonly GraphEdge[]): Strand[] {
  const groups = new Map<string, GraphEdge[]>();
  for (const edge of edges) {
    const key = pairKey(edge);
    const group = groups.get(key);
    if (group) group.push(edge);
    else groups.set(key, [edge]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    const whole = group.length > portsMax || (first !== undefined && isIcmp(first.proto));
    return whole ? strand(group) : group.flatMap((edge) => strand([edge]));
  });
}
