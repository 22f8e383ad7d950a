// Joins what dp sees (links, segments, tapped NICs) with what libvirt says (domains, networks). Pure.
import type { TappedNic } from '../dp/contract/protocol.ts';
import { routesOf, segmentViews } from './segments.ts';
import type {
  Endpoint,
  SegmentView,
  Topology,
  TopologyInput,
  TopologyNetwork,
  TopologyNic,
  TopologyWorkload,
} from './types.ts';
import { wiringOf } from './wiring.ts';

/** Made anew whenever any part of the input changes; cheap for hundreds of NICs. */
export function buildTopology(input: TopologyInput): Topology {
  const networks = [...input.networks];
  const segments = segmentViews({ ...input, networks });
  const endpoints = endpointsOf(input, segments, networks);
  const byMac = [...endpoints.values()].map((each): [string, Endpoint] => [
    `${each.segment}/${each.mac}`,
    each,
  ]);
  return {
    segments,
    endpoints,
    byMac: new Map(byMac),
    routes: routesOf(input, segments.values()),
    wiring: wiringOf(input.links, input.nics),
    hostNetns: input.hostNetns,
    hostName: input.hostName,
  };
}

/** What libvirt says of a tap. */
interface Plugged {
  workload: TopologyWorkload;
  nic: TopologyNic;
}

function endpointsOf(
  input: TopologyInput,
  segments: ReadonlyMap<number, SegmentView>,
  networks: readonly TopologyNetwork[],
): Map<number, Endpoint> {
  const plugged = pluggedByTap(input.workloads);
  const byName = new Map(networks.map((network) => [network.name, network]));
  const tapped = input.nics.filter((nic) => nic.slot !== 0);
  return new Map(
    tapped.map((nic) => {
      // Taps in other namespaces may bear the same name; libvirt's are all in the host's.
      const known = nic.netns === input.hostNetns ? plugged.get(nic.tap) : undefined;
      const network = byName.get(known?.nic.network ?? segments.get(nic.segment)?.network ?? '');
      return [nic.slot, endpointOf(nic, known, network)];
    }),
  );
}

function pluggedByTap(workloads: Iterable<TopologyWorkload>): Map<string, Plugged> {
  const found = new Map<string, Plugged>();
  for (const workload of workloads)
    for (const nic of workload.nics) if (nic.tap !== null) found.set(nic.tap, { workload, nic });
  return found;
}

function endpointOf(
  tapped: TappedNic,
  known: Plugged | undefined,
  network: TopologyNetwork | undefined,
): Endpoint {
  return {
    slot: tapped.slot,
    tap: tapped.tap,
    segment: tapped.segment,
    workload: known?.workload.uuid ?? null,
    workloadName: known?.workload.name ?? tapped.tap,
    nic: known?.nic.id ?? null,
    mac: known?.nic.mac ?? null,
    ...(known ? givenAddresses(known.nic, network) : { configured: [], leased: [] }),
    incarnation: `${tapped.netns}/${tapped.ifindex} ${tapped.segment}`,
  };
}

/** What libvirt itself says is a NIC's own: domain XML and the network's fixed hosts, and its DHCP server's leases. */
export function givenAddresses(
  { mac, addresses }: Pick<TopologyNic, 'mac' | 'addresses'>,
  network: Pick<TopologyNetwork, 'addresses' | 'leases'> | undefined,
): Pick<Endpoint, 'configured' | 'leased'> {
  const fixed = network?.addresses.flatMap(({ hosts }) => hosts.filter((host) => host.mac === mac)) ?? [];
  const leases = network?.leases.filter((lease) => lease.mac === mac) ?? [];
  return {
    configured: unique([...addresses, ...fixed.map(({ address }) => address)]),
    leased: unique(leases.map(({ address }) => address)),
  };
}

function unique(texts: string[]): string[] {
  return [...new Set(texts)];
}
