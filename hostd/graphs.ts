// The graph of now and of then, at both levels, from traffic, history and inventory.
import type { Graph, GraphEdge, GraphNode, Threat, Workload, WorkloadRef } from './api/schema.ts';
import type { Clock } from './base/clock.ts';
import type { Mode } from './base/modes.ts';
import type { History } from './history/history.ts';
import type { EdgeMinute } from './history/rows.ts';
import { automaticGroup } from './inventory/automatic-group.ts';
import { marked } from './threats/marks.ts';
import type { Threats } from './threats/threats.ts';
import { nodeId } from './traffic/edge.ts';
import type { EdgeDelta } from './traffic/edge-table.ts';
import { endNodes, groupGraph, workloadGraph, workloadNodes } from './traffic/graph.ts';
import type { Traffic } from './traffic/traffic.ts';

export interface GraphSources {
  clock: Clock;
  traffic: Traffic;
  threats: Threats;
  history: History;
  workloads: () => Workload[];
  /** null: the host bears none. */
  hostMode: () => Mode | null;
}

/** The group of an end of a flow: a VM's automatic one, else what it is. */
export const groupOf = (end: Pick<WorkloadRef, 'kind' | 'name'>): string =>
  end.kind === 'vm' || end.kind === 'network' ? automaticGroup(end.name) : end.kind;

const groupOfNode = (node: GraphNode): string =>
  node.kind === 'group' ? node.name : groupOf({ kind: node.kind, name: node.name });

export class Graphs {
  readonly #sources: GraphSources;

  constructor(sources: GraphSources) {
    this.#sources = sources;
  }

  live(level: Graph['level']): Graph {
    const { clock, traffic } = this.#sources;
    return this.#graph(level, this.liveNodes(), traffic.edges.toJson(clock.now()), null, null);
  }

  /** All VMs, and every other end of a live edge. */
  liveNodes(): GraphNode[] {
    const { edges } = this.#sources.traffic;
    const known = workloadNodes(this.#sources.workloads());
    const ids = new Set(known.map((node) => node.id));
    const others = endNodes(edges.values(), ids, (node) => edges.addressesOf(node));
    return [...known, ...others].map((node) => this.#withHostMode(node));
  }

  /** Ends that are gone since keep the name they had; throws `history_unavailable`. */
  async past(since: number, until: number, level: Graph['level']): Promise<Graph> {
    const { edges, nodes } = await this.#sources.history.graph(since, until);
    const known = new Map(workloadNodes(this.#sources.workloads()).map((node) => [node.id, node]));
    for (const node of nodes) if (!known.has(node.id)) known.set(node.id, node);
    return this.#graph(level, [...known.values()], edges, since, until);
  }

  /** Open incidents, those of the window where one is given. */
  #seenIn(since: number | null, until: number | null): Threat[] {
    const begins = since ?? 0;
    const ends = until ?? Number.POSITIVE_INFINITY;
    return [...this.#sources.threats.openIncidents()].filter(
      ({ first, last }) => Date.parse(last) >= begins && Date.parse(first) <= ends,
    );
  }

  #withHostMode(node: GraphNode): GraphNode {
    const mode = node.id === 'host' ? this.#sources.hostMode() : null;
    return mode ? { ...node, mode } : node;
  }

  #graph(
    level: Graph['level'],
    nodes: GraphNode[],
    edges: GraphEdge[],
    since: number | null,
    until: number | null,
  ): Graph {
    const input = {
      at: new Date(this.#sources.clock.now()).toISOString(),
      since: since === null ? null : new Date(since).toISOString(),
      until: until === null ? null : new Date(until).toISOString(),
      nodes: nodes.map((node) => this.#withHostMode(node)),
      edges,
      groupOf: groupOfNode,
    };
    const seen = this.#seenIn(since, until);
    if (level === 'vm') return marked(workloadGraph(input), seen, nodeId);
    return marked(groupGraph(input), seen, (end) => `group:${groupOf(end)}`);
  }
}

/** What an edge gained, for the history, which knows the minute. */
export const edgeMinute = ({ name, packets, bytes, at }: EdgeDelta): EdgeMinute => ({
  minute: Math.floor(at),
  fromKind: name.from.kind,
  fromId: name.from.id,
  fromName: name.from.name,
  toKind: name.to.kind,
  toId: name.to.id,
  toName: name.to.name,
  app: name.app,
  proto: name.proto,
  port: name.port,
  packets,
  bytes,
});
