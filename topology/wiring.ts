// The graph of links: which is a port of which bridge, sits on which device, is the other end of which veth. Pure.
import type { Link, TappedNic } from '../dp/contract/protocol.ts';
import type { Wiring, WiringEdge, WiringNode } from './types.ts';

export function wiringOf(links: readonly Link[], nics: readonly TappedNic[]): Wiring {
  const slots = new Map(nics.map((nic) => [idOf(nic.netns, nic.ifindex), nic.slot]));
  const nodes = links.map((link) => nodeOf(link, slots));
  const known = new Set(nodes.map((node) => node.id));
  const edges = links.flatMap(edgesOf).filter(({ from, to }) => known.has(from) && known.has(to));
  return { nodes, edges };
}

function idOf(netns: string, ifindex: number): string {
  return `${netns}/${ifindex}`;
}

function nodeOf(link: Link, slots: ReadonlyMap<string, number>): WiringNode {
  const id = idOf(link.netns, link.ifindex);
  const slot = slots.get(id) ?? 0;
  const { name, netns, kind, up } = link;
  return { id, link: name, netns, kind, up, slot: slot === 0 ? null : slot };
}

function edgesOf(link: Link): WiringEdge[] {
  const from = idOf(link.netns, link.ifindex);
  const port: WiringEdge = { from, to: idOf(link.netns, link.master), kind: 'port' };
  const edges = link.master === 0 ? [] : [port];
  // Both ends of a veth name each other: one edge is enough, from the one with the lower number.
  if (link.lower === 0 || (link.kind === 'veth' && link.lower < link.ifindex)) return edges;
  return [
    ...edges,
    { from, to: idOf(link.netns, link.lower), kind: link.kind === 'veth' ? 'peer' : 'lower' },
  ];
}
