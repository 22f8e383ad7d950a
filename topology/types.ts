// What topology takes and gives: the links, segments and NICs of one moment, and who an address is.
import type { Link, Segment, TappedNic } from '../dp/contract/protocol.ts';

/** Where an address is known from, most trusted first. */
export const ADDRESS_SOURCES = ['configured', 'dhcp', 'arp', 'ndp', 'traffic'] as const;
export type AddressSource = (typeof ADDRESS_SOURCES)[number];

/** A domain's NIC, as far as topology cares; libvirt-watch's Nic fits. */
export interface TopologyNic {
  id: string;
  mac: string;
  tap: string | null;
  network: string | null;
  bridge: string | null;
  addresses: string[];
}

/** A domain; libvirt-watch's Workload fits. */
export interface TopologyWorkload {
  uuid: string;
  name: string;
  nics: TopologyNic[];
}

/** A libvirt network; libvirt-watch's Network fits. */
export interface TopologyNetwork {
  name: string;
  active: boolean;
  bridge: string | null;
  forward: string;
  addresses: {
    address: string;
    prefix: number;
    hosts: { mac: string | null; address: string }[];
  }[];
  leases: { mac: string; address: string }[];
}

export interface TopologyInput {
  links: readonly Link[];
  segments: readonly Segment[];
  nics: readonly TappedNic[];
  workloads: Iterable<TopologyWorkload>;
  networks: Iterable<TopologyNetwork>;
  /** `netns` of the host's own network namespace as dp spells it. */
  hostNetns: string;
  /** What the host is called in a resolution. */
  hostName: string;
}

/** An address range in bits. */
export interface Subnet {
  family: 4 | 6;
  base: bigint;
  prefix: number;
  cidr: string;
}

/** One L2 domain with its name and its ends. */
export interface SegmentView {
  segment: number;
  /** Unique: the libvirt network's name, else the bridge or NIC; `.VLAN`; `NETNS/` before a foreign namespace. */
  name: string;
  netns: string;
  link: string;
  vlan: number;
  /** libvirt network, null where the link belongs to none */
  network: string | null;
  subnets: Subnet[];
  /** Addresses of the host (or of the namespace) on the segment's link, without prefix length. */
  hostAddresses: string[];
  /** MACs by which the host (or the namespace) speaks and receives in this segment: the link's and its ports'. */
  hostMacs: string[];
  /** Ports that are no domain's taps: physical devices, vxlan, veth, … */
  uplinks: string[];
  slots: number[];
}

/** A link's own address and the subnet it makes reachable. */
export interface Route {
  link: string;
  address: string;
  subnet: Subnet;
  /** The segment the link is in, null where it is none that dp knows. */
  segment: number | null;
}

/** A tapped NIC with what libvirt says of it. */
export interface Endpoint {
  slot: number;
  tap: string;
  segment: number;
  /** UUID of the workload; null: libvirt knows no such tap. */
  workload: string | null;
  workloadName: string;
  nic: string | null;
  /** The guest's MAC, null where libvirt knows no such tap. */
  mac: string | null;
  configured: string[];
  leased: string[];
  /** Distinguishes two taps that used the same slot one after the other; a tap is itself also when vmoat-dp has started
   * anew. */
  incarnation: string;
}

export interface WiringNode {
  /** NETNS/ifindex */
  id: string;
  link: string;
  netns: string;
  kind: string;
  up: boolean;
  slot: number | null;
}
export interface WiringEdge {
  from: string;
  to: string;
  /** port: `from` is a port of the bridge `to`; lower: `from` sits on `to`; peer: two ends of a veth */
  kind: 'port' | 'lower' | 'peer';
}
export interface Wiring {
  nodes: WiringNode[];
  edges: WiringEdge[];
}

/** Everything resolve needs besides learned addresses; made by `buildTopology`, never changed. */
export interface Topology {
  segments: ReadonlyMap<number, SegmentView>;
  endpoints: ReadonlyMap<number, Endpoint>;
  /** The same by `SEGMENT/MAC`. */
  byMac: ReadonlyMap<string, Endpoint>;
  /** Addresses of links, by namespace: where a router sends what, and what it receives itself. */
  routes: ReadonlyMap<string, readonly Route[]>;
  wiring: Wiring;
  hostNetns: string;
  hostName: string;
}

/** What a segment taught; dp/client's AddressRecord fits. */
export interface LearnedAddress {
  segment: number;
  address: string;
  mac: string;
  /** 0: seen somewhere else in the segment */
  slot: number;
  source: AddressSource;
  gone: boolean;
  /** ms since the epoch */
  seenMs: number;
}

export interface Claim {
  slot: number;
  mac: string;
  source: AddressSource;
  seenMs: number;
}

/** Two ends claim one address of a segment. `moved`: a better-trusted claim took it over. */
export interface AddressConflict {
  segment: number;
  address: string;
  owner: Claim;
  claimant: Claim;
  moved: boolean;
}

/** Which end of a frame is asked for: a source is known by its tap, a destination by its address. */
export type Role = 'source' | 'destination';

export interface Query {
  segment: number;
  /** For traffic that is not IP: its MAC, or empty. */
  address: string;
  role: Role;
  mac?: string;
  /** 0 or absent: no tap of this host */
  slot?: number;
}

/** Who it is; fits the API's WorkloadRef. */
export interface Resolution {
  kind: 'vm' | 'host' | 'network' | 'multicast' | 'broadcast' | 'external';
  /** vm: its UUID (`tap:NAME` where libvirt knows none); host: `host` or `netns:NAME`; network: its name; else the kind */
  id: string;
  name: string;
  /** tap of the NIC, where the end is one */
  nic?: string;
  why: string;
}
