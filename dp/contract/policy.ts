// The policy as hostd sends it and the evaluator compiles it: groups, rules in order, and who belongs to what.
// Tables go whole, with a generation. The C++ mirror is dp/policy/tables.h.

export type Mode = 'learn' | 'monitor' | 'protect';

export interface PolicyGroup {
  name: string;
  /** null: bears no mode (any, external, addresses, fqdn; host unless configured) */
  mode: Mode | null;
  failPolicy: 'open' | 'closed';
  /** What its members may do and bear in protect; absent: nothing is said. */
  protect?: GroupProtection;
  /** CIDR, single addresses, or first-last; they describe ends that are not NICs of this host */
  addresses: string[];
  /** `example.org`, `*.example.org`: likewise, by names learned from DNS answers */
  fqdn: string[];
}

/** Of several groups of a NIC: ports and services together, of the rest the strictest that is said. */
export interface GroupProtection {
  /** Reachable whatever the policy and the state of the engine: `tcp/22`, `udp/53`; single ports, at most 16. */
  failSafePorts?: string[];
  /**
   * Whose addresses a member may send under: `configured` by libvirt; also `leased` by DHCP; also `learned`, those that
   * nobody else has; `any`. Not said: learned.
   */
  ownAddresses?: 'configured' | 'leased' | 'learned' | 'any';
  /** What it may act as: a DHCP server, an IPv6 router. */
  mayServe?: ('dhcp' | 'router')[];
  /** Frames that no rule can speak of. Not said: drop. */
  otherFrames?: 'drop' | 'pass';
  /** How much of a flow passes each NIC while rules hang on an application that is not known yet. */
  opening?: { frames: number; bytes: number };
}

export interface PolicyRule {
  /** Stable for the life of the installation, never re-used; FlowRecord.rule; 1 … 2^32-1. */
  number: number;
  /** the operator's */
  id: string;
  /** index in groups */
  from: number;
  /** index in groups */
  to: number;
  /** Empty: any. Names of registry.applications, or layers from the outside in: `http`, `tls/https`. */
  applications: string[];
  /**
   * Empty: any. `any`, `tcp`, `udp/5000-5999`, `sctp/3868`, `icmp`, `icmp/8`, `icmp/3/4` (type/code), `icmpv6/…`,
   * `proto/47`.
   */
  ports: string[];
  action: 'allow' | 'deny';
  learned: boolean;
  /** Vouches for no more of a flow than was read of it; absent: for all of it, by its opening. */
  continuous?: true;
  /** Out of effect from then on, ms since the epoch, also where nobody sends other tables; absent: it stays. */
  expires?: number;
}

/** Members by NIC. */
export interface PolicyNic {
  tap: string;
  mac: string;
  nic: string;
  groups: number[];
  /** The guest's own as far as libvirt knows; absent: none. */
  addresses?: { address: string; source: 'configured' | 'leased' }[];
}

/** What the topology resolved: the host's own addresses, NICs of the segment (they may be silent), NICs routed to. */
export interface PolicyEnd {
  segment: number;
  address: string;
  groups: number[];
}

export interface PolicyTables {
  generation: number;
  /** [0] any, [1] host, [2] external; `multicast` and `broadcast` mean such addresses wherever they stand */
  groups: PolicyGroup[];
  /** In order, learned ones after all others; disabled ones and those that had expired are left out. */
  rules: PolicyRule[];
  nics: PolicyNic[];
  /** groups of a NIC that is not in nics */
  unknown: number[];
  ends: PolicyEnd[];
}

/** Both processes see the same clocks: CLOCK_REALTIME and, for as long as the host is up, CLOCK_BOOTTIME. */
export interface Deadline {
  /** ms since the epoch */
  since: number;
  at: number;
  /** the boot in which uptime_ms counts: kernel.random.boot_id */
  boot: string;
  uptime_ms: number;
}

/** What dp does by itself, should hostd not be there to do it. */
export interface Unconfirmed {
  /** Names this trial of a policy; no other one has the same. */
  trial: string;
  deadline: Deadline;
  /** In force again after the deadline. */
  previous: PolicyTables;
}

/** The body of a `policy` message. */
export interface PolicyOrder extends PolicyTables {
  /** Absent where it stays until another one comes. */
  unconfirmed?: Unconfirmed;
}
