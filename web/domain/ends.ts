// Names the ends of a flow: which node of the graph they are, and how to write them.
import type { Flow, GraphNode, WorkloadRef } from '../../hostd/api/schema.ts';

/** The node of an end, as the server names it: its id, with the kind before it where they differ. */
export function nodeIdOf(end: Pick<WorkloadRef, 'kind' | 'id'>): string {
  return end.kind === 'vm' || end.kind === end.id ? end.id : `${end.kind}:${end.id}`;
}

/** The name of an end, its address when nobody is known by it. */
export function endName(flow: Flow, side: 'from' | 'to'): string {
  const end = side === 'from' ? flow.from : flow.to;
  const address = side === 'from' ? flow.src : flow.dst;
  return end?.name || address;
}

export const kindTitles: Readonly<Record<GraphNode['kind'], string>> = {
  vm: 'virtual machine',
  host: 'this host',
  network: 'network',
  multicast: 'multicast',
  broadcast: 'broadcast',
  external: 'outside',
  group: 'group',
};

export const stateTitles: Readonly<Record<NonNullable<GraphNode['state']>, string>> = {
  running: 'running',
  paused: 'paused',
  shutoff: 'shut off',
  crashed: 'crashed',
  migrating: 'migrating',
  suspended: 'suspended',
};
