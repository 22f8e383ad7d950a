// dp's segments with names, subnets, the host's presence and what else is plugged into them. Pure.
import type { Link, Segment } from '../dp/contract/protocol.ts';
import { parseAddress, parseSubnet, subnetOf } from './address.ts';
import type { Route, SegmentView, Subnet, TopologyInput, TopologyNetwork } from './types.ts';

/** The views by segment number. */
export function segmentViews(input: TopologyInput): Map<number, SegmentView> {
  const bridges = networksByBridge(input.networks);
  const views = new Map<number, SegmentView>();
  const names = new Set<string>();
  for (const segment of [...input.segments].sort((a, b) => a.segment - b.segment)) {
    const network = segment.netns === input.hostNetns ? bridges.get(segment.link) : undefined;
    const view = viewOf(input, segment, network);
    if (names.has(view.name)) view.name = `${view.name}#${segment.segment}`;
    names.add(view.name);
    views.set(segment.segment, view);
  }
  return views;
}

/** The active network of each bridge, where two networks name the same. */
function networksByBridge(networks: Iterable<TopologyNetwork>): Map<string, TopologyNetwork> {
  const found = new Map<string, TopologyNetwork>();
  for (const network of networks) {
    if (network.bridge === null) continue;
    if (network.active || !found.has(network.bridge)) found.set(network.bridge, network);
  }
  return found;
}

function viewOf(input: TopologyInput, segment: Segment, network: TopologyNetwork | undefined): SegmentView {
  const presence = hostLink(input.links, segment);
  const addresses = presence?.addresses ?? [];
  return {
    segment: segment.segment,
    name: nameOf(segment, network, input.hostNetns),
    netns: segment.netns,
    link: segment.link,
    vlan: segment.vlan,
    network: network?.name ?? null,
    subnets: distinct([...addresses.flatMap(onLink), ...(segment.vlan === 0 ? networkSubnets(network) : [])]),
    hostAddresses: addresses.map((address) => address.split('/')[0] ?? ''),
    hostMacs: [
      ...new Set([...(presence ? [presence] : []), ...portsOf(input, segment)].map((link) => link.mac)),
    ],
    uplinks: uplinksOf(input, segment),
    slots: input.nics
      .filter((nic) => nic.slot !== 0 && nic.segment === segment.segment)
      .map((nic) => nic.slot),
  };
}

function nameOf(segment: Segment, network: TopologyNetwork | undefined, hostNetns: string): string {
  const base = network?.name ?? segment.link;
  const tagged = segment.vlan === 0 ? base : `${base}.${segment.vlan}`;
  return segment.netns === hostNetns ? tagged : `${segment.netns}/${tagged}`;
}

/** The link by which the host itself is in the segment: the bridge, or a VLAN device on it. */
function hostLink(links: readonly Link[], segment: Segment): Link | undefined {
  const here = links.filter((link) => link.netns === segment.netns);
  if (segment.vlan === 0)
    return here.find((link) => link.ifindex === segment.ifindex && link.kind === 'bridge');
  return here.find((link) => link.lower === segment.ifindex && link.id === segment.vlan);
}

/** The subnet of a link's address; link-local ones tell nothing about the segment. */
function onLink(cidr: string): Subnet[] {
  const subnet = parseSubnet(cidr);
  return subnet && !/^(fe[89ab]|169\.254\.)/i.test(cidr) ? [subnet] : [];
}

function networkSubnets(network: TopologyNetwork | undefined): Subnet[] {
  return network?.addresses.flatMap(({ address, prefix }) => subnetOf(address, prefix) ?? []) ?? [];
}

function distinct(subnets: Subnet[]): Subnet[] {
  return [...new Map(subnets.map((subnet) => [`${subnet.base}/${subnet.prefix}`, subnet])).values()];
}

/** A bridge's ports. Their own MACs are the host's: a tap speaks IPv6 for itself, unless somebody forbade it. */
function portsOf(input: TopologyInput, segment: Segment): Link[] {
  return input.links.filter((link) => link.netns === segment.netns && link.master === segment.ifindex);
}

function uplinksOf(input: TopologyInput, segment: Segment): string[] {
  const tapped = new Set(input.nics.map((nic) => `${nic.netns}/${nic.ifindex}`));
  return portsOf(input, segment)
    .filter((link) => link.kind !== 'tun' && !tapped.has(`${link.netns}/${link.ifindex}`))
    .map((link) => link.name);
}

/** Addresses of all links by namespace, the longest prefix first. */
export function routesOf(input: TopologyInput, views: Iterable<SegmentView>): Map<string, Route[]> {
  const segments = new Map<string, number>();
  for (const view of views)
    for (const address of view.hostAddresses) segments.set(`${view.netns} ${address}`, view.segment);
  const routes = new Map<string, Route[]>();
  for (const link of input.links) for (const cidr of link.addresses) add(routes, link, cidr, segments);
  for (const list of routes.values()) list.sort((a, b) => b.subnet.prefix - a.subnet.prefix);
  return routes;
}

function add(
  routes: Map<string, Route[]>,
  link: Link,
  cidr: string,
  segments: ReadonlyMap<string, number>,
): void {
  const subnet = parseSubnet(cidr);
  const address = cidr.split('/')[0] ?? '';
  if (!subnet || !parseAddress(address)) return;
  const segment = segments.get(`${link.netns} ${address}`) ?? null;
  const list = routes.get(link.netns) ?? [];
  list.push({ link: link.name, address, subnet, segment });
  routes.set(link.netns, list);
}
