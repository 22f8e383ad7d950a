// Finds and loads vmoat.node, and says what is in it.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { PolicyTables } from '../contract/policy.ts';
import type {
  Bodies,
  DpStatus,
  Inventory,
  MessageType,
  Registry,
  Segment,
  TablesStatus,
  ThreatInfo,
} from '../contract/protocol.ts';
import { DataplaneError } from './dataplane-error.ts';
import type { OperatorApplication } from './operator-applications.ts';

/** What an offline run yields, in this order: flows and progress, then one summary. */
export type OfflineItem =
  | { kind: 'flows'; body: ArrayBuffer }
  /** bytes of the file; total is 0 where it is unknown (.gz) */
  | { kind: 'progress'; done: number; total: number }
  | OfflineSummary;

export interface OfflineSummary {
  kind: 'summary';
  /** packet records of the file */
  frames: number;
  flows: number;
  bytes: number;
  unparsed: number;
  /** packets by anomaly */
  anomalies: Record<string, number>;
  /** flows by threat */
  threats: Record<string, number>;
  /** what was not tracked for want of room */
  refused: Record<
    'sessions' | 'openings' | 'facts' | 'contents' | 'fallback' | 'fragments' | 'tunnels' | 'expectations',
    number
  >;
  broken: { offset: number; reason: string } | null;
}

/** Whose library names what vmoat does not know. */
export type FallbackLibrary = 'none' | 'ndpi';

export interface OfflineOptions extends EngineConfig {
  facts?: boolean;
  batches?: boolean;
  fallback?: FallbackLibrary;
  applications?: OperatorApplication[];
}

export interface OfflineRun {
  /** One call at a time. Rejects where the file cannot be opened or is no capture. */
  next(): Promise<OfflineItem>;
  /** Ends the run early; a pending next() stays pending. */
  close(): void;
}

/** What the engine itself can be told, live and over capture files; docs/timeouts.md has the defaults. Times are
 * seconds, lists hold at most 8 ports. */
export interface EngineConfig {
  tcpHalfOpenTimeout?: number;
  tcpEstablishedTimeout?: number;
  tcpClosingTimeout?: number;
  tcpClosedTimeout?: number;
  unansweredTimeout?: number;
  udpTimeout?: number;
  icmpTimeout?: number;
  otherTimeout?: number;
  fragmentTimeout?: number;
  fragmentsPerSourceMax?: number;
  fragmentBytesMax?: number;
  fragmentOverlap?: 'first' | 'drop';
  vxlanPorts?: number[];
  genevePorts?: number[];
  gtpPorts?: number[];
}

/** Configuration of the live data plane; dp/engine/dataplane.h says what each key does and its default. */
export interface DataplaneConfig extends EngineConfig {
  names?: string[];
  ignore?: string[];
  tapDevices?: boolean;
  hook?: 'automatic' | 'tcx' | 'clsact';
  enforce?: boolean;
  enforcer?: 'automatic' | 'splice' | 'inplace';
  workers?: number;
  flowsMax?: number;
  flowsPerNicMax?: number;
  sessionsMax?: number;
  openingBytes?: number;
  upcallsPerSecond?: number;
  upcallsBurst?: number;
  heldBytesPerNicMax?: number;
  ringBytes?: number;
  reportIntervalMs?: number;
  threats?: { disabled: string[]; thresholds: Record<string, Record<string, number>> };
  /** Keep facts of flows; `false` and none is kept in memory or leaves the process. */
  facts?: boolean;
  pinRoot?: string;
  fallback?: FallbackLibrary;
  applications?: OperatorApplication[];
  /** What an earlier run was told: in force before the first tap is opened. */
  kept?: KeptOrders;
}

export interface KeptOrders {
  policy: PolicyTables;
  nics: Inventory['nics'];
  /** Those that the policy's ends speak of. */
  segments: Pick<Segment, 'segment' | 'link' | 'vlan'>[];
}

/** What the data plane says, by kind. */
export interface DataplaneOutput {
  links: Bodies[typeof MessageType.links];
  segments: Bodies[typeof MessageType.segments];
  nics: Bodies[typeof MessageType.nics];
  /** body of an `addresses` message */
  addresses: Buffer;
  /** body of a `names` message */
  names: Buffer;
  /** body of a `flows` message */
  flows: Buffer;
  /** body of a `threats` message */
  threats: Buffer;
  status: Omit<DpStatus, 'at' | 'use' | 'policy' | 'caughtUp'> & { policy: TablesStatus; retold: number };
  log: { level: string; text: string };
}
export type TakeOutput = <Kind extends keyof DataplaneOutput>(
  kind: Kind,
  value: DataplaneOutput[Kind],
) => void;

export interface LiveDataplane {
  expect(nics: Inventory['nics']): void;
  /**
   * Compiled on a thread of its own; what becomes of it is in the status. Generations go up. `kept`: it was told to an
   * earlier run. Throws where a field is of another kind.
   */
  policy(tables: PolicyTables, kept?: boolean): void;
  /** Sends every table and every open flow once more. */
  refresh(): void;
  /** Ends the threads; with `detach` everything is taken off the host. */
  stop(detach: boolean): void;
}

/** As dp/binding/policy.cc has it; dp/client/policy.ts is what to use. */
export interface NativePolicy {
  generation(): number;
  identityOf(groups: number[]): number;
  identityOfNic(tap: string): number;
  identityOfEnd(segment: number, address: string, names: string[]): number;
  /** Index in the tables' groups, ascending; empty for an identity that the policy did not give out. */
  groups(identity: number): number[];
  /** Whole questions in, as many decisions out (layout.ts); returns their number. */
  evaluate(questions: Uint8Array, decisions: Uint8Array): number;
  explain(question: Uint8Array): NativeEvidence;
}
export interface NativeEvidence {
  from: { groups: number[]; mode: number; modeGroup: number };
  to: { groups: number[]; mode: number; modeGroup: number };
  /** match: index in MATCHES of policy.ts */
  rules: { number: number; match: number }[];
  rulesLeftOut: number;
  decision: Uint8Array;
}

export interface RecordLayout {
  size: number;
  offsets: Record<string, number>;
}

export interface Addon {
  registry: Registry;
  /** In the order of registry.threats. */
  threats: ThreatInfo[];
  recordLayout: Record<
    | 'FlowRecord'
    | 'TunnelLayer'
    | 'FlowBatchHeader'
    | 'AddressRecord'
    | 'ThreatRecord'
    | 'NameRecord'
    | 'Question'
    | 'Decision',
    RecordLayout
  >;
  /** Version of what the eBPF programs and the engine share; pins stand under it. */
  kernelLayout: number;
  /** `applications[n]` is the name of number n. Throws an Error with `field` where the tables are wrong. */
  Policy: new (
    tables: PolicyTables,
    applications: readonly string[],
    former?: NativePolicy,
  ) => NativePolicy;
  Offline: new (path: string, options?: OfflineOptions) => OfflineRun;
  /** Starts the data plane; throws without rights. */
  Dataplane: new (
    config: DataplaneConfig,
    take: TakeOutput,
  ) => LiveDataplane;
  /** What the library can name; throws where it is not installed. */
  fallbackNames(library: FallbackLibrary): string[];
  restore(pinRoot: string): void;
  /**
   * For so many seconds nothing is dropped or held; 0 ends it. Writes the pinned map: neither vmoat-dp nor vmoat-hostd
   * has to run. Throws where nothing is pinned.
   */
  panic(pinRoot: string, seconds: number): void;
  /** Seconds that are left of it; 0: none. */
  panicUntil(pinRoot: string): number;
  /** True where a supervisor listened; see sd_notify(3). */
  systemdNotify(state: string): boolean;
  /** Longest time between two WATCHDOG=1; 0 where none is asked for. */
  systemdWatchdogMs(): number;
  /** SO_PEERCRED of a connected Unix socket. */
  peerCredentials(fd: number): { pid: number; uid: number; gid: number };
  /** Root only: keeps the bounded set of capabilities and starts `argv` anew where any had to be dropped. */
  confine(argv: string[], group: number): void;
  /** Locks a directory until this process ends; false where another one holds it. */
  lockDirectory(path: string): boolean;
}

const requireHere = createRequire(import.meta.url);

/** Beside the bundle (installed), beside its folder (built), or from the sources. */
const PLACES = ['./vmoat.node', '../release/vmoat.node', '../../build/release/vmoat.node'];

/** Path of the addon: VMOAT_ADDON, else the first place where it stands. */
export function addonPath(): string {
  const { VMOAT_ADDON } = process.env;
  if (VMOAT_ADDON) return VMOAT_ADDON;
  const places = PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  const found = places.find((place) => existsSync(place));
  if (found) return found;
  throw new DataplaneError('addon_missing', 'vmoat.node is not built: run npm run build');
}

/** The registry with the operator's applications behind vmoat's own, then the fallback's: records number them so. */
export function registryWith(
  registry: Registry,
  applications: readonly OperatorApplication[],
  fallbackNames: readonly string[] = [],
): Registry {
  const own = applications.map(({ name }) => name);
  return { ...registry, applications: [...registry.applications, ...own, ...fallbackNames] };
}

/** Loads the addon; needs no privilege. Throws `addon_missing` with the reason. */
export function loadAddon(): Addon {
  const path = addonPath();
  try {
    return requireHere(path) as Addon;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DataplaneError('addon_missing', `${path} does not load: ${reason}`, { cause });
  }
}
