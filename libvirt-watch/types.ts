// What libvirt-watch tells: workloads, NICs, networks, the changes between two looks, and the connection's state.

/** `migrating` while a migration job runs or a domain is paused for one; `suspended` is the guest's own S3. */
export type WorkloadState = 'running' | 'paused' | 'shutoff' | 'crashed' | 'migrating' | 'suspended';

/** Where libvirt plugs a NIC in. `ovs` is a bridge with `<virtualport type='openvswitch'/>`. */
export type NicSource =
  | 'network'
  | 'bridge'
  | 'direct'
  | 'ovs'
  | 'ethernet'
  | 'user'
  | 'hostdev'
  | 'vhostuser'
  | 'other';

/** One way of `<bandwidth>`: KiB/s, KiB/s, KiB (libvirt's units). */
export interface Rate {
  average: number;
  peak: number | null;
  burst: number | null;
}

export interface Bandwidth {
  inbound: Rate | null;
  outbound: Rate | null;
}

/** A domain's interface. Strings are what libvirt says, bounded but unescaped: whoever shows them escapes them. */
export interface Nic {
  /** UUID of the workload + / + MAC; a repeated MAC in one domain gets `#2`, `#3`, … */
  id: string;
  /** lower case, colons */
  mac: string;
  /** Host-side interface; null while the domain does not run or where the kind has none. */
  tap: string | null;
  source: NicSource;
  /** The `type` attribute as libvirt spells it (`vdpa`, `mcast`, … are `other` in `source`). */
  type: string;
  network: string | null;
  portGroup: string | null;
  /** Bridge, also of a NIC in a network, where libvirt names it. */
  bridge: string | null;
  /** Lower device of `direct`, PCI address of `hostdev`, socket of `vhostuser`, else null. */
  device: string | null;
  /** macvtap mode of `direct` (vepa, bridge, private, passthrough), else null. */
  directMode: string | null;
  /** Ascending; empty = untagged. */
  vlans: number[];
  model: string | null;
  /** False after `virsh domif-setlink … down` or `<link state='down'/>`. */
  linkUp: boolean;
  /** null: libvirt sets no QoS on the tap. */
  bandwidth: Bandwidth | null;
  /** Name of the nwfilter (`<filterref>`) that acts on the tap. */
  filter: string | null;
  /** Addresses that the domain XML itself gives: `<ip address>` and nwfilter's IP parameter. */
  addresses: string[];
  /** Why no host-side interface exists that could be tapped; null where one does. */
  untappable: string | null;
}

/** What is known of a domain apart from its NICs. */
export interface WorkloadFacts {
  /** libvirt UUID, lower case */
  uuid: string;
  name: string;
  title: string | null;
  state: WorkloadState;
  /** libosinfo id (`http://debian.org/debian/12`) */
  os: string | null;
  /** Sorted, without repeats: the `tag` elements of every `tags` element in `<metadata>`. */
  tags: string[];
  persistent: boolean;
  /** Why some of it could not be read (XML broken or too large); null when all was. */
  unreadable: string | null;
}

export interface Workload extends WorkloadFacts {
  nics: Nic[];
}

export interface AddressRange {
  start: string;
  end: string;
}

/** `<host>` in a network's `<dhcp>`: an address fixed for a MAC (or, IPv6, for a name or client id). */
export interface FixedHost {
  mac: string | null;
  name: string | null;
  address: string;
}

/** The host's own address in a network and what is handed out below it. */
export interface NetworkAddress {
  address: string;
  /** prefix length in bits */
  prefix: number;
  ranges: AddressRange[];
  hosts: FixedHost[];
}

export interface Lease {
  mac: string;
  address: string;
  hostname: string | null;
  /** RFC 3339; null = never */
  expires: string | null;
}

export interface PortGroup {
  name: string;
  default: boolean;
  vlans: number[];
}

/** A libvirt network. */
export interface Network {
  uuid: string;
  name: string;
  active: boolean;
  persistent: boolean;
  bridge: string | null;
  /** `<forward mode>`; `isolated` where there is no forward element. */
  forward: string;
  /** Devices a `direct` network puts its NICs on. */
  devices: string[];
  ovs: boolean;
  vlans: number[];
  addresses: NetworkAddress[];
  portGroups: PortGroup[];
  leases: Lease[];
  unreadable: string | null;
}

/** Everything at one moment. NICs stand in their workload. */
export interface Snapshot {
  workloads: ReadonlyMap<string, Workload>;
  networks: ReadonlyMap<string, Network>;
}

/**
 * One difference. A workload appears before its NICs and goes after them. `workload-changed` and `nic-changed`
 * carry the whole new value and the names of the fields that differ. A NIC whose MAC changes is another NIC.
 */
export type Change =
  | { kind: 'workload-appeared'; workload: WorkloadFacts }
  | {
      kind: 'workload-changed';
      workload: WorkloadFacts;
      before: WorkloadFacts;
      fields: (keyof WorkloadFacts)[];
    }
  | { kind: 'workload-gone'; workload: WorkloadFacts }
  | { kind: 'nic-added'; workload: string; nic: Nic }
  | { kind: 'nic-changed'; workload: string; nic: Nic; before: Nic; fields: (keyof Nic)[] }
  | { kind: 'nic-removed'; workload: string; nic: Nic }
  | { kind: 'network-appeared'; network: Network }
  | { kind: 'network-changed'; network: Network; before: Network; fields: (keyof Network)[] }
  | { kind: 'network-gone'; network: Network };

/**
 * `connected`: the last answer came from libvirt. `reconnecting`: it was there and is being sought again.
 * `unavailable`: it has never answered, or not for longer than `unavailableMs`. What was known stays known.
 */
export interface Connection {
  state: 'connected' | 'reconnecting' | 'unavailable';
  /** RFC 3339 */
  since: string;
  /** Why it is not connected; empty when it is. */
  reason: string;
  /** Times it came back after a loss. */
  reconnects: number;
}

/** A D-Bus method call to `org.libvirt`. */
export interface Call {
  path: string;
  interface: string;
  member: string;
  signature?: string;
  body?: unknown[];
}

export interface Signal {
  /** Unique name of the sender. */
  sender: string;
  path: string;
  interface: string;
  member: string;
  body: unknown[];
}

/** One connection to a message bus, matched for libvirt-dbus's signals and its owner changes. */
export interface BusSession {
  /** Rejects with a `LibvirtError`. */
  call(call: Call): Promise<unknown[]>;
  close(): void;
}

export interface BusListener {
  onSignal(signal: Signal): void;
  /** `org.libvirt` got another owner; empty = it has none. */
  onOwner(owner: string): void;
  /** The connection ended; no further callback comes from this session. */
  onClosed(reason: string): void;
}

/** How to get to a message bus; `systemBus()` in bus.ts is the real one. */
export interface Bus {
  connect(listener: BusListener): Promise<BusSession>;
}

/** Times in ms; `setTimer` calls back once. */
export interface Clock {
  now(): number;
  setTimer(callback: () => void, ms: number): unknown;
  clearTimer(timer: unknown): void;
}

export interface WatchOptions {
  bus: Bus;
  clock?: Clock;
  /** Called with at least one change, in order, synchronously; it must not throw. */
  onChanges(changes: Change[]): void;
  onConnection?(connection: Connection): void;
  /** Period of the full comparison of lists, ms (2000). */
  reconcileMs?: number;
  /** Period of the call that keeps events coming and notices a death, ms (1000). */
  heartbeatMs?: number;
  /** After how long without libvirt it is called unavailable, ms (10000). */
  unavailableMs?: number;
}

/** A running watch. `snapshot` is what all changes so far add up to. */
export interface LibvirtWatch {
  readonly connection: Connection;
  readonly snapshot: Snapshot;
  /** When the last look that saw the whole list began, ms since the epoch; null before the first one. */
  readonly lookedAt: number | null;
  /** Counters since the start, for status and tests. */
  readonly counts: WatchCounts;
  /** Resolves after the first complete listing was emitted. */
  readonly ready: Promise<void>;
  stop(): void;
}

export interface WatchCounts {
  calls: number;
  xmlReads: number;
  signals: number;
  reconciles: number;
}
