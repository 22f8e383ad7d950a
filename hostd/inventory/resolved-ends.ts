// Ends that are known by (segment, address) alone, since they are no NIC of that segment: the host's own addresses, and
// NICs of other segments that the host routes to. As topology/resolve.ts answers for them, listed. Pure.
import { contains, isLinkLocal, parseAddress } from '../../topology/address.ts';
import type { AddressBook } from '../../topology/address-book.ts';
import type { Route, SegmentView, Topology } from '../../topology/types.ts';

export interface ResolvedEnd {
  segment: number;
  address: string;
  /** UUID of the VM (`tap:NAME` where libvirt knows none); null: the host. */
  workload: string | null;
}

/** Beyond that, ends are left to be told by their addresses. */
const ENDS_MAX = 50_000;

export function resolvedEnds(topology: Topology, book: AddressBook): ResolvedEnd[] {
  const found = new Map<string, ResolvedEnd>();
  for (const view of topology.segments.values())
    for (const end of [...hostEnds(topology, view), ...routedEnds(topology, book, view)]) {
      const key = `${end.segment}/${end.address}`;
      if (!found.has(key) && found.size < ENDS_MAX) found.set(key, end);
    }
  return [...found.values()];
}

function hostEnds(topology: Topology, view: SegmentView): ResolvedEnd[] {
  const routes = topology.routes.get(view.netns) ?? [];
  return routes.map(({ address }) => ({ segment: view.segment, address, workload: null }));
}

/** Of a segment that the host routes for: whoever owns an address where a route leads. */
function routedEnds(topology: Topology, book: AddressBook, view: SegmentView): ResolvedEnd[] {
  if (view.hostAddresses.length === 0) return [];
  const routes = topology.routes.get(view.netns) ?? [];
  return routes
    .filter(({ segment, subnet }) => segment !== null && segment !== view.segment && routesFor(view, subnet))
    .flatMap((route) => ownersBehind(topology, book, route, routes))
    .map((end) => ({ ...end, segment: view.segment }));
}

const routesFor = (view: SegmentView, { family }: Route['subnet']): boolean =>
  view.subnets.some((subnet) => subnet.family === family);

function ownersBehind(
  topology: Topology,
  book: AddressBook,
  route: Route,
  routes: readonly Route[],
): Omit<ResolvedEnd, 'segment'>[] {
  const endpoints = [...topology.endpoints.values()].filter(({ segment }) => segment === route.segment);
  return endpoints.flatMap((endpoint) =>
    book.addressesOf(endpoint.segment, endpoint.slot).flatMap(({ address }) => {
      const parsed = parseAddress(address);
      if (!parsed || isLinkLocal(parsed)) return [];
      // The first route that has the address is the one that is taken.
      const taken = routes.find(({ subnet }) => contains(subnet, parsed));
      return taken === route ? [{ address, workload: endpoint.workload ?? `tap:${endpoint.tap}` }] : [];
    }),
  );
}
