// Nodes and edges → the graph, at the level of workloads or of groups. Pure.

import type { Graph, GraphEdge, GraphNode, Workload } from '../api/schema.ts';
import { strictest } from '../base/modes.ts';
import { type Edge, nodeId } from './edge.ts';

export interface GraphInput {
  at: string;
  since: string | null;
  until: string | null;
  /** At the level of workloads. */
  edges: GraphEdge[];
  /** Every end that an edge may name; others get a bare node. */
  nodes: GraphNode[];
  groupOf: (node: GraphNode) => string;
}

/** All VMs as nodes, also those without traffic. */
export const workloadNodes = (workloads: Iterable<Workload>): GraphNode[] =>
  [...workloads].map((workload) => ({
    id: workload.id,
    kind: 'vm',
    name: workload.name,
    state: workload.state,
    mode: workload.mode,
    addresses: workload.nics.flatMap((nic) => nic.addresses.map((known) => known.address)),
  }));

/** The ends of edges that are no known VM, each once. */
export function endNodes(
  edges: Iterable<Pick<Edge, 'name'>>,
  known: ReadonlySet<string>,
  addressesOf: (node: string) => string[],
): GraphNode[] {
  const nodes = new Map<string, GraphNode>();
  for (const { name } of edges)
    for (const ref of [name.from, name.to]) {
      const id = nodeId(ref);
      if (known.has(id) || nodes.has(id)) continue;
      nodes.set(id, { id, kind: ref.kind, name: ref.name, addresses: addressesOf(id) });
    }
  return [...nodes.values()];
}

export function workloadGraph(input: GraphInput): Graph {
  const { at, since, until, edges, nodes } = input;
  return { at, level: 'vm', since, until, nodes, edges: withModes(edges, nodes) };
}

/** Members of a group become one node; edges between the same groups, application and port become one. */
export function groupGraph(input: GraphInput): Graph {
  const groups = new Map<string, GraphNode>();
  const groupIdOf = new Map<string, string>();
  for (const node of input.nodes) groupIdOf.set(node.id, joinGroup(groups, node, input.groupOf(node)));
  const edges = new Map<string, GraphEdge>();
  for (const edge of input.edges) {
    const from = groupIdOf.get(edge.from) ?? edge.from;
    const to = groupIdOf.get(edge.to) ?? edge.to;
    const id = `${from}>${to}/${edge.proto}/${edge.port}/${edge.app ?? ''}`;
    const before = edges.get(id);
    edges.set(id, before ? sum(before, edge) : { ...edge, id, from, to });
  }
  const { at, since, until } = input;
  const nodes = [...groups.values()];
  return { at, level: 'group', since, until, nodes, edges: withModes([...edges.values()], nodes) };
}

/** Each edge with the modes of its ends. */
function withModes(edges: readonly GraphEdge[], nodes: readonly GraphNode[]): GraphEdge[] {
  const modes = new Map(nodes.map(({ id, mode }) => [id, mode ?? null]));
  const modeOf = (id: string) => modes.get(id) ?? null;
  return edges.map((edge) => ({ ...edge, modes: [modeOf(edge.from), modeOf(edge.to)] }));
}

function joinGroup(groups: Map<string, GraphNode>, node: GraphNode, name: string): string {
  const id = `group:${name}`;
  const group = groups.get(id) ?? { id, kind: 'group' as const, name, members: [], addresses: [] };
  group.members = [...(group.members ?? []), node.id];
  group.addresses = [...group.addresses, ...node.addresses];
  const mode = strictest([group.mode, node.mode].flatMap((each) => each ?? []));
  if (mode) group.mode = mode;
  groups.set(id, group);
  return id;
}

type Pair = [number, number];
const both = (a: Pair, b: Pair): Pair => [a[0] + b[0], a[1] + b[1]];

/** Times of one format sort as text. */
const earliest = (...times: string[]): string => times.sort()[0] ?? '';
const latest = (...times: string[]): string => times.sort().at(-1) ?? '';

const sum = (a: GraphEdge, b: GraphEdge): GraphEdge => ({
  ...a,
  confidence: a.confidence === 'sure' || b.confidence === 'sure' ? 'sure' : (a.confidence ?? b.confidence),
  sessions: a.sessions + b.sessions,
  open: a.open + b.open,
  packets: both(a.packets, b.packets),
  bytes: both(a.bytes, b.bytes),
  rate: both(a.rate, b.rate),
  first: earliest(a.first, b.first),
  last: latest(a.last, b.last),
  violations: a.violations + b.violations,
});
