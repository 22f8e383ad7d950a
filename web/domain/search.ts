// Finds nodes by name, address, id or application for the search box.
import type { Graph, GraphNode } from '../../hostd/api/schema.ts';
import { applicationName } from './application.ts';

export type Hit = { node: GraphNode; why: string };

function reason(node: GraphNode, apps: ReadonlySet<string>, needle: string): string | null {
  if (node.name.toLowerCase().includes(needle)) return node.kind;
  const address = node.addresses.find((one) => one.toLowerCase().includes(needle));
  if (address) return address;
  if (node.id.toLowerCase().startsWith(needle)) return node.id;
  for (const app of apps) if (app.includes(needle)) return `serves ${app}`;
  return null;
}

function served(graph: Graph): Map<string, Set<string>> {
  const apps = new Map<string, Set<string>>();
  for (const edge of graph.edges) {
    const set = apps.get(edge.to) ?? new Set();
    set.add(applicationName(edge.app));
    apps.set(edge.to, set);
  }
  return apps;
}

/** Hits in order of how well the name fits: begins with the text, contains it, the rest. */
export function search(graph: Graph, text: string, max = 50): Hit[] {
  const needle = text.trim().toLowerCase();
  if (!needle) return [];
  const apps = served(graph);
  const hits = graph.nodes.flatMap((node) => {
    const why = reason(node, apps.get(node.id) ?? new Set(), needle);
    return why === null ? [] : [{ node, why }];
  });
  const rank = ({ node }: Hit) => {
    const at = node.name.toLowerCase().indexOf(needle);
    return at === 0 ? 0 : at > 0 ? 1 : 2;
  };
  return hits.sort((a, b) => rank(a) - rank(b) || a.node.name.localeCompare(b.node.name)).slice(0, max);
}
