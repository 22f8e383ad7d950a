// Turns the API's graph into what the map draws, and tells when two such are the same.
import type { Graph, GraphEdge, Severity, Workload } from '../../../hostd/api/schema.ts';
import { type Strand, strands } from '../../domain/strand.ts';
import { worseOf } from '../../domain/threat.ts';
import { fan, meanRate } from '../../domain/wiring.ts';
import type { MapRates, MapStructure } from './map-canvas.tsx';
import type { MapEdge, MapNode } from './messages.ts';

/** A VM is drawn with the network of its first NIC that has one. */
function networks(workloads: readonly Workload[]): Map<string, string> {
  return new Map(
    workloads.flatMap(({ id, nics }) => {
      const nic = nics.find((one) => one.network !== null) ?? nics.find((one) => one.segment !== null);
      const name = nic?.network ?? nic?.segment;
      return name ? [[id, name] as const] : [];
    }),
  );
}

/** The nodes and strands to draw, and which graph edges went into which strand. */
export type Drawing = { structure: MapStructure; strands: readonly Strand[] };

export function drawingOf(graph: Graph, workloads: readonly Workload[]): Drawing {
  const network = networks(workloads);
  const nodes = graph.nodes.map(
    ({ id, name, kind, state, threats }): MapNode => ({
      id,
      name,
      kind,
      state: state ?? null,
      network: network.get(id) ?? null,
      threat: threats?.worst ?? null,
    }),
  );
  const bundled = strandsOf(graph);
  return { structure: { nodes, edges: mapEdges(graph, bundled) }, strands: bundled };
}

/** An edge whose end is no node cannot be drawn. */
function strandsOf(graph: Graph): Strand[] {
  const ids = new Set(graph.nodes.map((node) => node.id));
  return strands(graph.edges.filter((edge) => ids.has(edge.from) && ids.has(edge.to)));
}

function mapEdges(graph: Graph, all: readonly Strand[]): MapEdge[] {
  const index = new Map(graph.nodes.map((node, i) => [node.id, i]));
  const places = fan(all.map(({ first }) => first));
  return all.map(({ id, first, app, label, edges }, i): MapEdge => {
    const from = index.get(first.from) ?? 0;
    const to = index.get(first.to) ?? 0;
    const kind = graph.nodes[to]?.kind;
    const quiet = kind === 'multicast' || kind === 'broadcast';
    return { id, from, to, app, label, quiet, place: places[i] ?? 0, threat: worstOf(edges) };
  });
}

const worstOf = (edges: readonly GraphEdge[]): Severity | null =>
  edges.reduce<Severity | null>((worst, { threats }) => worseOf(worst, threats?.worst ?? null), null);

/** Live rates, or the mean ones of a past window, in the order of the strands; the graph is that of the strands. */
export function ratesOf(graph: Graph, all: readonly Strand[], flowing: boolean): MapRates {
  const seconds =
    graph.since && graph.until ? (Date.parse(graph.until) - Date.parse(graph.since)) / 1000 : null;
  const rate = (edge: GraphEdge) => (seconds === null ? edge.rate : meanRate(edge, seconds));
  const way = (side: 0 | 1) =>
    Float32Array.from(all, ({ edges }) => edges.reduce((sum, edge) => sum + rate(edge)[side], 0));
  return { toServer: way(0), toClient: way(1), flowing: flowing && seconds === null };
}

/** The strands of a graph with the same edges in the same order, with that graph's own rates. */
export function renewed(all: readonly Strand[], before: Graph, graph: Graph): Strand[] {
  const at = new Map(before.edges.map((edge, i) => [edge, i]));
  const now = (edge: GraphEdge) => graph.edges[at.get(edge) ?? -1] ?? edge;
  return all.map((one) => ({ ...one, first: now(one.first), edges: one.edges.map(now) }));
}

/** Whether two graphs differ at most in what the map does not draw as structure: rates and counts. */
export function sameGraph(a: Graph, b: Graph): boolean {
  if (a.nodes.length !== b.nodes.length || a.edges.length !== b.edges.length) return false;
  const nodes = a.nodes.every((node, i) => {
    const other = b.nodes[i];
    return (
      node.id === other?.id &&
      node.name === other.name &&
      node.state === other.state &&
      node.threats?.worst === other.threats?.worst
    );
  });
  return nodes && a.edges.every((edge, i) => sameDrawn(edge, b.edges[i]));
}

const sameDrawn = (a: GraphEdge, b: GraphEdge | undefined): boolean =>
  a.id === b?.id && a.app === b.app && a.threats?.worst === b.threats?.worst;

const sameNode = (a: MapNode, b: MapNode | undefined): boolean =>
  a.id === b?.id &&
  a.name === b.name &&
  a.state === b.state &&
  a.network === b.network &&
  a.threat === b.threat;
const sameEdge = (a: MapEdge, b: MapEdge | undefined): boolean =>
  a.id === b?.id &&
  a.from === b.from &&
  a.to === b.to &&
  a.app === b.app &&
  a.place === b.place &&
  a.label === b.label &&
  a.threat === b.threat;

export function sameStructure(a: MapStructure, b: MapStructure): boolean {
  if (a.nodes.length !== b.nodes.length || a.edges.length !== b.edges.length) return false;
  return (
    a.nodes.every((node, i) => sameNode(node, b.nodes[i])) &&
    a.edges.every((edge, i) => sameEdge(edge, b.edges[i]))
  );
}
