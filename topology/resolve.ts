// Who an end of a frame is: the rules of docs/identity.md, first answer wins, and every answer says why. Pure.
import {
  contains,
  isBroadcast,
  isLinkLocal,
  isMulticast,
  type ParsedAddress,
  parseAddress,
  subnetOf,
} from './address.ts';
import type { AddressBook } from './address-book.ts';
import type {
  AddressSource,
  Claim,
  Endpoint,
  Query,
  Resolution,
  Route,
  SegmentView,
  Topology,
} from './types.ts';

/** `book` must have been synced with this topology. Never throws; what nobody knows is `external`. */
export function resolve(topology: Topology, book: AddressBook, query: Query): Resolution {
  const asked = askedOf(topology, book, query);
  for (const rule of rules) {
    const answer = rule(asked);
    if (answer) return answer;
  }
  return { kind: 'external', id: 'external', name: 'external', why: 'nobody on this host is known by it' };
}

/** A query with what every rule needs of it. */
interface Asked {
  topology: Topology;
  book: AddressBook;
  query: Query;
  view: SegmentView | undefined;
  address: ParsedAddress | null;
  mac: string;
  /** Whom the frame is handed to in this segment: the NIC with its MAC or slot. */
  hop: Endpoint | undefined;
}

type Rule = (asked: Asked) => Resolution | null;

const rules: readonly Rule[] = [
  byTap,
  byOwner,
  byHost,
  byHostAsRouter,
  byGuestAsRouter,
  byUnclaimedTap,
  // Before the named network, which would take its own broadcast address for one of its hosts.
  byMulticast,
  byBroadcast,
  byNetwork,
];

function askedOf(topology: Topology, book: AddressBook, query: Query): Asked {
  const view = topology.segments.get(query.segment);
  const address = parseAddress(query.address);
  const mac = query.mac ?? (address ? '' : query.address);
  return { topology, book, query, view, address, mac, hop: hopOf(topology, view, query.slot ?? 0, mac) };
}

function hopOf(
  topology: Topology,
  view: SegmentView | undefined,
  slot: number,
  mac: string,
): Endpoint | undefined {
  return slot !== 0 ? topology.endpoints.get(slot) : topology.byMac.get(`${view?.segment}/${mac}`);
}

/** The source of a frame is the tap it entered by, whatever the frame says. */
function byTap({ topology, book, query }: Asked): Resolution | null {
  const endpoint = query.role === 'source' ? topology.endpoints.get(query.slot ?? 0) : undefined;
  if (!endpoint) return null;
  const owner = book.owner(query.segment, query.address);
  const foreign = owner && owner.slot !== endpoint.slot ? '; the address belongs to another end' : '';
  return workload(endpoint, `entered by tap ${endpoint.tap}${foreign}`);
}

/** (segment, address) → the NIC that owns it, if the frame is addressed to that NIC's MAC. */
function byOwner({ topology, book, query, view, address, mac }: Asked): Resolution | null {
  const claim = book.owner(query.segment, query.address);
  const endpoint = claim ? topology.endpoints.get(claim.slot) : undefined;
  if (!claim || !endpoint || !isAddressedTo(endpoint, claim, query.slot ?? 0, mac)) return null;
  if (view && address && !isOwn(book, view, address, { endpoint, source: claim.source })) return null;
  return workload(endpoint, `${wordOf(claim)} address of ${endpoint.tap}`);
}

function isAddressedTo(endpoint: Endpoint, claim: Claim, slot: number, mac: string): boolean {
  if (slot !== 0) return slot === endpoint.slot;
  return mac === '' || mac === endpoint.mac || mac === claim.mac;
}

/** Whether a claim that leads makes the address the NIC's own. */
export function isOwn(
  book: AddressBook,
  view: SegmentView,
  address: ParsedAddress,
  { endpoint, source }: { endpoint: Endpoint; source: AddressSource },
): boolean {
  return source !== 'traffic' || isNear(book, view, address, endpoint);
}

/**
 * Traffic alone also shows the addresses of whoever a guest forwards for. One counts as the NIC's own only inside
 * the segment's subnet or, where that is unknown, beside a better known address of the NIC (/24, /64), if it has one.
 */
function isNear(book: AddressBook, view: SegmentView, address: ParsedAddress, endpoint: Endpoint): boolean {
  const subnets = view.subnets.filter((subnet) => subnet.family === address.family);
  if (isLinkLocal(address)) return true;
  if (subnets.length > 0) return subnets.some((subnet) => contains(subnet, address));
  const better = book
    .addressesOf(view.segment, endpoint.slot)
    .filter(({ source }) => source !== 'traffic')
    .flatMap((known) => subnetOf(known.address, address.family === 4 ? 24 : 64) ?? [])
    .filter((subnet) => subnet.family === address.family);
  return better.length === 0 || better.some((subnet) => contains(subnet, address));
}

function wordOf({ source }: Claim): string {
  if (source === 'configured') return 'configured';
  return source === 'dhcp' ? 'leased' : `observed (${source})`;
}

/** The host's (or namespace's) own address, where the frame is addressed to it. */
function byHost({ topology, query, view, address, mac }: Asked): Resolution | null {
  if (!view || !reachesHost(view, mac)) return null;
  const own = topology.routes.get(view.netns)?.find((route) => route.address === query.address);
  if (own)
    return host(
      topology,
      view.netns,
      `address of ${view.netns === topology.hostNetns ? 'the host' : view.netns} on ${own.link}`,
    );
  // Not IP, or IP before it has an address (DHCP, duplicate address detection).
  const silent = !address || address.value === 0n;
  return silent && mac !== '' ? host(topology, view.netns, `MAC of the host on ${view.link}`) : null;
}

/** By MAC; where none is given, a host with addresses in the segment is taken to be meant. */
function reachesHost(view: SegmentView, mac: string): boolean {
  return mac === '' ? view.hostAddresses.length > 0 : view.hostMacs.includes(mac);
}

/** Through the host as a router: the owner of the address in the segment that its route leads to. */
function byHostAsRouter({ topology, book, query, view, address, mac }: Asked): Resolution | null {
  const route = view && address ? routeThrough(topology, view, address, mac) : undefined;
  if (!view || !route || route.segment === null) return null;
  const claim = book.owner(route.segment, query.address);
  const endpoint = claim ? topology.endpoints.get(claim.slot) : undefined;
  const name = topology.segments.get(route.segment)?.name ?? '';
  return claim && endpoint
    ? workload(endpoint, `through the router to ${name}: ${wordOf(claim)} address of ${endpoint.tap}`)
    : null;
}

/** The host's route to the address, if frames with this MAC reach the host and it routes for the segment at all. */
function routeThrough(
  topology: Topology,
  view: SegmentView,
  address: ParsedAddress,
  mac: string,
): Route | undefined {
  const routes = view.subnets.some((subnet) => subnet.family === address.family);
  if (isLinkLocal(address) || !routes || !reachesHost(view, mac) || view.hostAddresses.length === 0)
    return undefined;
  return topology.routes.get(view.netns)?.find((route) => contains(route.subnet, address));
}

/** Through a guest with NICs in several segments: the owner in one of the others, if only one has any. */
function byGuestAsRouter({ topology, book, query, address, hop }: Asked): Resolution | null {
  if (!address || !hop || hop.workload === null || isLinkLocal(address)) return null;
  const others = [...topology.endpoints.values()].filter(
    (endpoint) => endpoint.workload === hop.workload && endpoint.segment !== query.segment,
  );
  const segments = [...new Set(others.map((endpoint) => endpoint.segment))];
  const owners = segments.flatMap((segment) => {
    const claim = book.owner(segment, query.address);
    return claim ? [topology.endpoints.get(claim.slot)] : [];
  });
  const [owner, ...more] = owners;
  if (!owner || more.length > 0) return null;
  return workload(owner, `through ${hop.workloadName} as a router: address of ${owner.tap}`);
}

/** Nobody owns the address yet, and it can be nobody's but that of the NIC which the frame is addressed to. */
function byUnclaimedTap({ topology, book, query, view, address, hop }: Asked): Resolution | null {
  if (!view || !hop || hop.segment !== view.segment || !mayOwn(book, view, address, hop, query)) return null;
  const router = [...topology.endpoints.values()].some(
    (endpoint) => endpoint.workload === hop.workload && endpoint.segment !== view.segment,
  );
  if (router && address && view.subnets.length === 0) return null;
  return workload(hop, `addressed to the MAC of ${hop.tap}; nobody owns the address yet`);
}

function mayOwn(
  book: AddressBook,
  view: SegmentView,
  address: ParsedAddress | null,
  hop: Endpoint,
  query: Query,
): boolean {
  if (!address) return true;
  if (book.owner(query.segment, query.address) || isMulticast(address) || isBroadcast(address, view.subnets))
    return false;
  const known = view.subnets.filter((subnet) => subnet.family === address.family);
  if (known.length > 0 || isLinkLocal(address))
    return isLinkLocal(address) || known.some((each) => contains(each, address));
  const others = book.addressesOf(view.segment, hop.slot).flatMap((each) => parseAddress(each.address) ?? []);
  return !others.some((other) => other.family === address.family && !isLinkLocal(other));
}

function byMulticast({ address, mac }: Asked): Resolution | null {
  if (mac === BROADCAST_MAC) return null;
  if (address ? !isMulticast(address) : !isGroupMac(mac)) return null;
  return {
    kind: 'multicast',
    id: 'multicast',
    name: 'multicast',
    why: address ? 'multicast address' : 'group MAC',
  };
}

function byBroadcast({ view, address, mac }: Asked): Resolution | null {
  const directed = address !== null && isBroadcast(address, view?.subnets ?? []);
  if (!directed && mac !== BROADCAST_MAC) return null;
  return {
    kind: 'broadcast',
    id: 'broadcast',
    name: 'broadcast',
    why: directed ? 'broadcast address' : 'broadcast MAC',
  };
}

const BROADCAST_MAC = 'ff:ff:ff:ff:ff:ff';

function isGroupMac(mac: string): boolean {
  return mac !== '' && (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1;
}

/** In the subnet of a libvirt network, here or behind the router; or in a segment that has no way out. */
function byNetwork({ topology, view, address, mac, hop }: Asked): Resolution | null {
  if (!view || !address) return null;
  const here = view.subnets.find((subnet) => contains(subnet, address));
  if (here && view.network !== null) return network(view.network, `in ${here.cidr} of ${view.network}`);
  const routed = routeThrough(topology, view, address, mac)?.segment ?? null;
  const far = routed === null ? undefined : topology.segments.get(routed);
  if (far?.network != null && far !== view) return network(far.network, `through the router in ${far.name}`);
  const closed = view.uplinks.length === 0 && view.hostAddresses.length === 0 && !hop;
  const name = view.network ?? view.name;
  return closed ? network(name, `${view.name} has no way out, and nobody is known to own it`) : null;
}

function workload(endpoint: Endpoint, why: string): Resolution {
  const id = endpoint.workload ?? `tap:${endpoint.tap}`;
  return { kind: 'vm', id, name: endpoint.workloadName, nic: endpoint.tap, why };
}

function host(topology: Topology, netns: string, why: string): Resolution {
  const own = netns === topology.hostNetns;
  return { kind: 'host', id: own ? 'host' : `netns:${netns}`, name: own ? topology.hostName : netns, why };
}

function network(name: string, why: string): Resolution {
  return { kind: 'network', id: name, name, why };
}
