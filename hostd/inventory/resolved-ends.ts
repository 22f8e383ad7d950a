// Ends that the policy knows by (segment, address): the host's own addresses, broadcast addresses of subnets, NICs of
// this segment also while they are silent, and NICs of other segments that the host routes to. As topology/resolve.ts
// answers for them, listed. Pure.
import {
  broadcastOf,
  contains,
  isBroadcast,
  isLinkLocal,
  isMulticast,
  type ParsedAddress,
  parseAddress,
} from '../../topology/address.ts';
import type { AddressBook } from '../../topology/address-book.ts';
import { isOwn } from '../../topology/resolve.ts';
import type { Endpoint, Route, SegmentView, Topology } from '../../topology/types.ts';

export interface ResolvedEnd {
  segment: number;
  address: string;
  kind: 'host' | 'broadcast' | 'vm';
  /** UUID of the VM (`tap:NAME` where libvirt knows none); null: it is none. */
  workload: string | null;
}

/** Beyond that, ends are left to be told by their addresses. */
const ENDS_MAX = 50_000;

/** The host's come first, so that no guest takes one of them or their room; each (segment, address) comes once. */
export function resolvedEnds(topology: Topology, book: AddressBook): ResolvedEnd[] {
  const ends = new Ends(topology, book);
  const views = [...topology.segments.values()];
  const found = new Map<string, ResolvedEnd>();
  for (const list of [hostEnds, broadcastEnds, ownEnds, routedEnds])
    for (const view of views)
      for (const end of list(ends, view)) {
        const key = `${end.segment}/${end.address}`;
        if (!found.has(key) && found.size < ENDS_MAX) found.set(key, end);
      }
  return [...found.values()];
}

/** What the lists are made from. */
class Ends {
  readonly topology: Topology;
  readonly book: AddressBook;
  readonly #endpoints = new Map<number, Endpoint[]>();

  constructor(topology: Topology, book: AddressBook) {
    this.topology = topology;
    this.book = book;
    for (const endpoint of topology.endpoints.values()) {
      const known = this.#endpoints.get(endpoint.segment);
      if (known) known.push(endpoint);
      else this.#endpoints.set(endpoint.segment, [endpoint]);
    }
  }

  /** Addresses that NICs of a segment own. */
  *owned(segment: number) {
    const subnets = this.topology.segments.get(segment)?.subnets ?? [];
    const isOfMany = (address: ParsedAddress) => isMulticast(address) || isBroadcast(address, subnets);
    for (const endpoint of this.#endpoints.get(segment) ?? [])
      for (const { address: text, source } of this.book.addressesOf(segment, endpoint.slot)) {
        const address = parseAddress(text);
        if (address && address.value !== 0n && !isOfMany(address)) yield { endpoint, source, text, address };
      }
  }

  routes({ netns }: SegmentView): readonly Route[] {
    return this.topology.routes.get(netns) ?? [];
  }

  /** The route that the host takes from a segment that it routes for; the first that has the address. */
  route(view: SegmentView, address: ParsedAddress): Route | undefined {
    const isRouted =
      view.hostAddresses.length > 0 && view.subnets.some((subnet) => subnet.family === address.family);
    if (!isRouted || isLinkLocal(address)) return undefined;
    return this.routes(view).find(({ subnet }) => contains(subnet, address));
  }
}

const vmEnd = (segment: number, address: string, { workload, tap }: Endpoint): ResolvedEnd => ({
  ...{ segment, address, kind: 'vm' },
  workload: workload ?? `tap:${tap}`,
});

function hostEnds(ends: Ends, view: SegmentView): ResolvedEnd[] {
  const { segment } = view;
  return ends.routes(view).map(({ address }) => ({ segment, address, kind: 'host', workload: null }));
}

function broadcastEnds(_ends: Ends, { segment, subnets }: SegmentView): ResolvedEnd[] {
  return subnets.flatMap((subnet) => {
    const address = broadcastOf(subnet);
    return address === null ? [] : [{ segment, address, kind: 'broadcast' as const, workload: null }];
  });
}

function* ownEnds(ends: Ends, view: SegmentView): Iterable<ResolvedEnd> {
  const { segment } = view;
  for (const { endpoint, source, text, address } of ends.owned(segment)) {
    const own = isOwn(ends.book, view, address, { endpoint, source });
    if (own && !isElsewhere(ends, view, text, address)) yield vmEnd(segment, text, endpoint);
  }
}

/** Somebody has it where the host routes to: no guest of this segment gets that address by claiming it here. */
function isElsewhere(ends: Ends, view: SegmentView, text: string, address: ParsedAddress): boolean {
  const segment = ends.route(view, address)?.segment ?? view.segment;
  return segment !== view.segment && ends.book.owner(segment, text) !== null;
}

/** Of a segment that the host routes for: whoever owns an address where a route leads. */
function* routedEnds(ends: Ends, view: SegmentView): Iterable<ResolvedEnd> {
  const { segment } = view;
  for (const far of new Set(ends.routes(view).map((route) => route.segment))) {
    if (far === null || far === segment) continue;
    for (const { endpoint, text, address } of ends.owned(far))
      if (ends.route(view, address)?.segment === far) yield vmEnd(segment, text, endpoint);
  }
}
