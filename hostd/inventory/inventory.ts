// Who there is: libvirt's VMs and networks joined with dp's NICs, and the names of the ends of flows.

import type { Inventory as ExpectedNics, Link, Segment, TappedNic } from '../../dp/contract/protocol.ts';
import type { Snapshot } from '../../libvirt-watch/types.ts';
import { AddressBook } from '../../topology/address-book.ts';
import { buildTopology, givenAddresses } from '../../topology/model.ts';
import { resolve } from '../../topology/resolve.ts';
import type { AddressConflict, Endpoint, LearnedAddress, Topology } from '../../topology/types.ts';
import type { Nic, Workload, WorkloadRef } from '../api/schema.ts';
import { type ResolvedEnd, resolvedEnds } from './resolved-ends.ts';
import { unclaimedNic, type WorkloadViewInput, workloadView } from './workload-view.ts';

/** dp's own name for the namespace it runs in, which is libvirt's too. */
const HOST_NETNS = 'host';

export interface Tables {
  nics: readonly TappedNic[];
  links: readonly Link[];
  segments: readonly Segment[];
}

export interface InventoryOptions {
  hostName: string;
  /** What the policy says of a VM. */
  place: WorkloadViewInput['place'];
  /** Who someone is, or what there is, may have changed. */
  onChange: () => void;
  onConflicts: (conflicts: AddressConflict[]) => void;
  /** When the last look at libvirt that brought an answer began, ms since the epoch; null before the first one. */
  libvirtSeen: () => number | null;
}

/** A tap that was this old at a look which did not claim it is no VM's: libvirt's events take milliseconds. */
const FOREIGN_AFTER_MS = 5000;

/** vmoat-dp forgets what it has not seen for an hour, and repeats what it sees once a minute. */
const UNSEEN_MS = 62 * 60_000;

/** A NIC's own addresses as far as libvirt says. */
export type GivenAddresses = Pick<Endpoint, 'configured' | 'leased'>;

/** What a flow says of one end. */
export interface EndAddress {
  segment: number;
  address: string;
  mac: string;
  slot: number;
}

export class Inventory {
  readonly #options: InventoryOptions;
  readonly #book = new AddressBook();
  #libvirt: Snapshot = { workloads: new Map(), networks: new Map() };
  readonly #names = {
    segmentName: (segment: number) => this.segmentName(segment),
    addressesOf: (segment: number, slot: number) => this.#book.addressesOf(segment, slot),
  };
  #tables: Tables = { nics: [], links: [], segments: [] };
  #topology: Topology;
  #shape = '';
  #generation = 0;

  constructor(options: InventoryOptions) {
    this.#options = options;
    this.#topology = this.#build();
  }

  get topology(): Topology {
    return this.#topology;
  }

  /** Claims to addresses that found no room, since the start. */
  get lost(): Record<string, number> {
    return { addresses: this.#book.dropped };
  }

  takeLibvirt(snapshot: Snapshot): void {
    this.#libvirt = snapshot;
    this.#rebuild();
  }

  /** Counters of NICs come every second: only what stands where is a reason to ask everything again. */
  takeTables(tables: Tables): void {
    this.#tables = tables;
    const shape = shapeOf(tables);
    if (shape === this.#shape) return;
    this.#shape = shape;
    this.#rebuild();
  }

  learn(records: readonly LearnedAddress[]): void {
    const conflicts = this.#book.learn(records);
    if (conflicts.length) this.#options.onConflicts(conflicts);
    this.#options.onChange();
  }

  /** Time passes. */
  expire(nowMs: number): void {
    if (this.#book.forgetUnseen(nowMs - UNSEEN_MS) > 0) this.#options.onChange();
  }

  workloads(): Workload[] {
    const tapped = new Map(this.#tables.nics.map((nic) => [nic.tap, nic]));
    const { place } = this.#options;
    const found = [...this.#libvirt.workloads.values()].map((workload) =>
      workloadView(workload, { place, tapped, ...this.#names }),
    );
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** NICs of VMs, then taps that belong to none. */
  nics(): Nic[] {
    const known = this.workloads().flatMap((workload) => workload.nics);
    const taps = new Set(known.map((nic) => nic.tap));
    const unclaimed = this.#tables.nics.filter((nic) => !taps.has(nic.tap));
    return [...known, ...unclaimed.map((nic) => unclaimedNic(nic, this.#names))];
  }

  /** Taps that are surely none of libvirt's VMs. A libvirt that hangs or is away makes no further tap one. */
  foreignTaps(): { tap: string; mac: string }[] {
    const seen = this.#options.libvirtSeen();
    if (seen === null) return [];
    const nics = [...this.#libvirt.workloads.values()].flatMap((workload) => workload.nics);
    const claimed = new Set(nics.map(({ tap }) => tap));
    return this.#tables.nics
      .filter(({ tap, since }) => !claimed.has(tap) && Date.parse(since) + FOREIGN_AFTER_MS <= seen)
      .map(({ tap, mac }) => ({ tap, mac }));
  }

  /** The segment's name, or its number where dp has not said which it is. */
  segmentName(segment: number): string {
    return this.#topology.segments.get(segment)?.name ?? String(segment);
  }

  /** Who it is by what is known now; always somebody, `external` at last. */
  name(end: EndAddress, role: 'source' | 'destination'): WorkloadRef {
    const { kind, id, name, nic, why } = resolve(this.#topology, this.#book, { ...end, role });
    return { kind, id, name, ...(nic !== undefined && { nic }), why };
  }

  /** Whom the policy knows by (segment, address) alone. */
  ends(): ResolvedEnd[] {
    return resolvedEnds(this.#topology, this.#book);
  }

  /** By id of the NIC; of all that libvirt knows, also before they are tapped. */
  givenAddresses(): Map<string, GivenAddresses> {
    const { workloads, networks } = this.#libvirt;
    const byName = new Map([...networks.values()].map((network) => [network.name, network]));
    const nics = [...workloads.values()].flatMap((workload) => workload.nics);
    const expected = nics.map((nic): [string, GivenAddresses] => [
      nic.id,
      givenAddresses(nic, byName.get(nic.network ?? '')),
    ]);
    // The segment of a tap may say which network it is in where libvirt names only its bridge.
    const tapped = [...this.#topology.endpoints.values()].flatMap(
      ({ nic, configured, leased }): [string, GivenAddresses][] =>
        nic === null ? [] : [[nic, { configured, leased }]],
    );
    return new Map([...expected, ...tapped]);
  }

  /** What dp should expect to find. */
  expected(): ExpectedNics {
    const nics = [...this.#libvirt.workloads.values()].flatMap((workload) =>
      workload.nics.flatMap((nic) =>
        nic.tap === null
          ? []
          : [
              {
                tap: nic.tap,
                mac: nic.mac,
                workload: workload.uuid,
                nic: nic.id,
                bandwidth: nic.bandwidth !== null,
                filtered: nic.filter !== null,
              },
            ],
      ),
    );
    return { generation: this.#generation, nics };
  }

  #rebuild(): void {
    this.#generation++;
    this.#topology = this.#build();
    const conflicts = this.#book.sync(this.#topology);
    if (conflicts.length) this.#options.onConflicts(conflicts);
    this.#options.onChange();
  }

  #build(): Topology {
    return buildTopology({
      ...this.#tables,
      workloads: this.#libvirt.workloads.values(),
      networks: this.#libvirt.networks.values(),
      hostNetns: HOST_NETNS,
      hostName: this.#options.hostName,
    });
  }
}

/** Everything of the tables but counters. */
function shapeOf({ nics, links, segments }: Tables): string {
  const taps = nics.map(({ slot, ifindex, tap, netns, segment, hook, reason, since, protection }) => {
    const { state, enforcer, failPolicy, reason: why } = protection;
    return [slot, ifindex, tap, netns, segment, hook, reason, since, state, enforcer, failPolicy, why].join(
      ' ',
    );
  });
  return JSON.stringify([taps, links, segments]);
}
