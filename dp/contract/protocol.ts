// The messages between vmoat-hostd and vmoat-dp on /run/vmoat/dp.sock.
// A frame is u32 length (of what follows) + u16 type + body, little-endian. Bodies are JSON, except the
// bulk types, whose bodies are arrays of dp/contract/records.h. Tables go whole, with a generation.

import type { PolicyOrder } from './policy.ts';

export const PROTOCOL_VERSION = 4;
/** Longest frame either side accepts, bytes; a longer one ends the connection. */
export const FRAME_BYTES_MAX = 64 * 1024 * 1024;

export const MessageType = {
  // hostd → dp
  hello: 1,
  inventory: 2,
  kept: 3,
  policy: 4,
  // dp → hostd, JSON
  welcome: 64,
  nics: 65,
  links: 66,
  segments: 67,
  status: 68,
  refused: 69,
  // dp → hostd, bulk
  flows: 128,
  addresses: 129,
  threats: 130,
  names: 131,
} as const;
export type MessageType = (typeof MessageType)[keyof typeof MessageType];

/**
 * Up to which batch of flow records a client has everything. Batches are numbered from 1 on by an instance of
 * dp, see FlowBatchHeader in dp/contract/records.h.
 */
export interface Receipt {
  instance: string;
  batch: number;
}

/** First message of hostd. dp answers `welcome`, or `refused` and closes. */
export interface Hello {
  protocol: number;
  client: string;
  /**
   * A keeper: it has all batches up to this one and will say `kept`, so dp holds what comes after until then.
   * Absent for who only looks on.
   */
  has?: Receipt;
}

/** A keeper's disk holds all batches of this instance up to `batch`. */
export type Kept = Receipt;

/** Names for the numbers in bulk records. Index 0 of `applications` and `facts` means none. */
export interface Registry {
  applications: string[];
  facts: string[];
  anomalies: string[];
  threats: string[];
}

export type Severity = 'low' | 'medium' | 'high' | 'critical';

/** What a threat is; docs/threats.md is made from these. */
export interface ThreatInfo {
  name: string;
  severity: Severity;
  /** What protect would do. */
  action: 'alert' | 'deny';
  means: string;
  evidence: string;
  /** What it sees on a NIC and what bounds that; and in a capture file. */
  live: string;
  offline: string;
  thresholds: ThreatThreshold[];
}

export interface ThreatThreshold {
  /** Its key in the configuration file, below the threat's name. */
  name: string;
  unit: string;
  standard: number;
  least: number;
  most: number;
  means: string;
}

export interface Welcome {
  protocol: number;
  version: string;
  layout: number;
  /** Changes with every start of dp. */
  instance: string;
  startedAt: string;
  pid: number;
  registry: Registry;
  /** In the order of registry.threats. */
  threats: ThreatInfo[];
  flowRecordBytes: number;
  addressRecordBytes: number;
  threatRecordBytes: number;
  nameRecordBytes: number;
  /** Whose library names what vmoat does not know; null: nobody's. `reason`: why it does not, empty where it does. */
  fallback: { library: string; reason: string } | null;
}

export interface Refused {
  code: string;
  message: string;
}

/** NICs that hostd knows from libvirt: dp taps what it sees by itself, this only tells it what to expect. */
export interface Inventory {
  generation: number;
  nics: {
    tap: string;
    mac: string;
    workload: string;
    nic: string;
    bandwidth: boolean;
    /** Rules of libvirt's own (`<filterref>`) name its tap. */
    filtered: boolean;
  }[];
}

/** How a NIC is tapped. `none` comes with the reason. */
export type Hook = 'tcx' | 'clsact' | 'none';

export interface TappedNic {
  slot: number;
  ifindex: number;
  tap: string;
  /** MAC of the host-side interface, not of the guest. */
  mac: string;
  netns: string;
  segment: number;
  hook: Hook;
  /** Why the hook is `none`, or what is less than usual about it; empty when all is well. */
  reason: string;
  /** RFC 3339 */
  since: string;
  packets: [fromNic: number, toNic: number];
  bytes: [fromNic: number, toNic: number];
  lost: Losses;
  protection: NicProtection;
}

/** What became of frames of a NIC in protect that did not simply pass, by cause; docs/protect.md has the table. */
export const GUARDED_CAUSES = [
  'held',
  'denied',
  'no-flow',
  'no-key',
  'failed-open',
  'failed-closed',
  'no-budget',
  'no-policy',
  'spoofed',
  'not-served',
  'bad-fragment',
  'panicked',
  'cached',
  'handshake',
  // by the engine
  'opening',
  'refused',
] as const;
export type GuardedCause = (typeof GUARDED_CAUSES)[number];

/** How a NIC's verdicts are carried out. */
export interface NicProtection {
  /** `waiting`: no policy says anything of it yet, or its enforcer is on its way; only address traffic passes or none is
   * held, as `reason` says. */
  state: 'off' | 'waiting' | 'inline';
  /** null: none */
  enforcer: 'splice' | 'inplace' | null;
  /** Why this enforcer and no other, or why none. */
  reason: string;
  failPolicy: 'open' | 'closed';
  /** [fromNic, toNic]; causes that never happened are left out. */
  frames: Partial<Record<GuardedCause, [number, number]>>;
}

export interface Nics {
  generation: number;
  nics: TappedNic[];
}

/** Events or flows lost, by cause, since dp started. */
export interface Losses {
  ring: number;
  budget: number;
  table: number;
  quota: number;
  read: number;
}

export interface Link {
  ifindex: number;
  name: string;
  netns: string;
  /** rtnetlink IFLA_INFO_KIND (bridge, tun, veth, vxlan, macvtap, …) or empty. */
  kind: string;
  mac: string;
  mtu: number;
  up: boolean;
  /** ifindex of the master or 0 */
  master: number;
  /** ifindex of the lower device (IFLA_LINK: veth peer, macvtap parent) or 0 */
  lower: number;
  /** vxlan VNI or VLAN id, else 0 */
  id: number;
  /** CIDR notation; the host's own addresses on this link */
  addresses: string[];
}
export interface Links {
  generation: number;
  links: Link[];
}

export interface Segment {
  segment: number;
  netns: string;
  /** bridge, or the NIC itself where it has no master */
  link: string;
  ifindex: number;
  vlan: number;
}
export interface Segments {
  generation: number;
  segments: Segment[];
}

export interface ProcessUse {
  pid: number;
  /** user + system, seconds since the process started */
  cpuSeconds: number;
  residentBytes: number;
}

/** What became of the tables that were sent. */
export interface TablesStatus {
  /** in force; null: none yet */
  generation: number | null;
  compileMs: number;
  /** The newest tables, where they are not as they should be: the reason begins with the field. */
  refused: { generation: number; reason: string } | null;
}

export interface PolicyStatus extends TablesStatus {
  /** What is in force would be so after a restart of dp, or of the host. */
  kept: boolean;
  /** What is in force ends by itself; `at` is RFC 3339. */
  unconfirmed: { trial: string; at: string } | null;
  /** A trial that dp ended, since nobody confirmed it; until a client sends a policy that is not that trial's. */
  wentBack: { trial: string; at: string } | null;
}

/** Sent every second. */
export interface DpStatus {
  at: string;
  use: ProcessUse;
  workers: { worker: number; events: number; heartbeatAgeMs: number }[];
  flows: { kernel: number; kernelMax: number; sessions: number; sessionsMax: number; pickedUp: number };
  /** Verdicts are carried out, not only told. */
  enforces: boolean;
  /** Nothing is dropped or held until then (RFC 3339). */
  panic: { until: string } | null;
  /** From a tap's appearance until its policy was in, of all NICs since dp started. */
  tapToPolicy: { nics: number; sumMs: number; maxMs: number };
  /** Absent where dp is older than policies. */
  policy?: PolicyStatus;
  frames: number;
  records: number;
  /** All that was known when this client came has been told; of flows only those that changed since. */
  caughtUp: boolean;
  lost: Losses & {
    sessions: number;
    fallback: number;
    names: number;
    threats: number;
    held: number;
    records: number;
  };
  anomalies: Record<string, number>;
  /** By name: sessions, and incidents that belong to none. */
  threats: Record<string, number>;
}

/** The body of each JSON message, by type. */
export interface Bodies {
  [MessageType.hello]: Hello;
  [MessageType.inventory]: Inventory;
  [MessageType.kept]: Kept;
  [MessageType.policy]: PolicyOrder;
  [MessageType.welcome]: Welcome;
  [MessageType.nics]: Nics;
  [MessageType.links]: Links;
  [MessageType.segments]: Segments;
  [MessageType.status]: DpStatus;
  [MessageType.refused]: Refused;
}
