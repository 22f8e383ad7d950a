// The policy as hostd sends it and the evaluator compiles it: groups, rules in order, and who belongs to what.
// Tables go whole, with a generation. The C++ mirror is dp/policy/tables.h.

export type Mode = 'learn' | 'monitor' | 'protect';

export interface PolicyGroup {
  name: string;
  /** null: bears no mode (any, external, addresses, fqdn; host unless configured) */
  mode: Mode | null;
  failPolicy: 'open' | 'closed';
  /** CIDR, single addresses, or first-last; they describe ends that are not NICs of this host */
  addresses: string[];
  /** `example.org`, `*.example.org`: likewise, by names learned from DNS answers */
  fqdn: string[];
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
  /** Out of effect from then on, ms since the epoch, also where nobody sends other tables; absent: it stays. */
  expires?: number;
}

/** Members by NIC. */
export interface PolicyNic {
  tap: string;
  mac: string;
  nic: string;
  groups: number[];
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
