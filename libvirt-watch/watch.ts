// Keeps a snapshot of libvirt true: looks when a signal, the period or a lost connection asks for it, and tells
// every difference once. Nothing is ever taken from a signal but the hint that it is worth looking.
import { LibvirtCalls, uuidOfPath } from './calls.ts';
import { systemClock } from './clock.ts';
import { ConnectionState } from './connection-state.ts';
import { LibvirtError } from './errors.ts';
import { look, NOTHING_SEEN, type Sight, snapshotOf } from './look.ts';
import { EMPTY, reconcile } from './reconcile.ts';
import { nextPart } from './sweep.ts';
import type {
  BusSession,
  Clock,
  Connection,
  LibvirtWatch,
  Signal,
  Snapshot,
  WatchCounts,
  WatchOptions,
} from './types.ts';

/** Shortest time between the beginnings of two looks, ms: a storm of signals must not become one of calls. */
const LOOK_GAP_MS = 25;
/** A look that took long is followed by a pause, so that looks take a third of a busy libvirt's time at most. */
const LOOK_GAP_PER_MS = 3;
const LOOK_GAP_MAX_MS = 500;
/** Wait before the next try after a failed one, ms, and what it grows to. */
const RETRY_FIRST_MS = 100;
const RETRY_MAX_MS = 500;
/** In so many reconciliations everything has been read once more. */
const SWEEP_ROUNDS = 5;

/** Starts watching; comes back at once. See `WatchOptions` and `LibvirtWatch`. */
export function watchLibvirt(options: WatchOptions): LibvirtWatch {
  const watch = new Watch(options);
  watch.begin();
  return watch;
}

class Watch implements LibvirtWatch {
  snapshot: Snapshot = EMPTY;
  lookedAt: number | null = null;
  readonly counts: WatchCounts = { calls: 0, xmlReads: 0, signals: 0, reconciles: 0 };
  readonly ready: Promise<void>;
  private becomeReady: () => void = () => undefined;
  private readonly options: WatchOptions;
  private readonly clock: Clock;
  private readonly state: ConnectionState;
  private session: BusSession | null = null;
  private sight: Sight = NOTHING_SEEN;
  private suspectDomains = new Set<string>();
  private suspectNetworks = new Set<string>();
  private suspectAll = true;
  private migrating = new Set<string>();
  private sweptDomain = '';
  private sweptNetwork = '';
  private working = false;
  private again = false;
  private lastLook = Number.NEGATIVE_INFINITY;
  private lookMs = 0;
  private lastReconcile = Number.NEGATIVE_INFINITY;
  private retryMs = RETRY_FIRST_MS;
  private timer: unknown = null;
  private stopped = false;

  constructor(options: WatchOptions) {
    this.options = options;
    this.clock = options.clock ?? systemClock;
    this.state = new ConnectionState(this.clock, options.unavailableMs ?? 10_000, options.onConnection);
    this.ready = new Promise((resolve) => {
      this.becomeReady = resolve;
    });
  }

  get connection(): Connection {
    return this.state.connection;
  }

  begin(): void {
    void this.work();
  }

  stop(): void {
    this.stopped = true;
    this.clock.clearTimer(this.timer);
    this.dropSession();
    this.becomeReady();
  }

  /** One turn at a time: connect if need be, look if something asks for it, else the heartbeat. */
  private async work(): Promise<void> {
    if (this.stopped) return;
    if (this.working) {
      this.again = true;
      return;
    }
    this.working = true;
    this.again = false;
    this.clock.clearTimer(this.timer);
    const wait = await this.turn();
    this.working = false;
    if (!this.stopped) this.schedule(this.again ? this.gapLeft() : wait);
  }

  private schedule(ms: number): void {
    this.clock.clearTimer(this.timer);
    this.timer = this.clock.setTimer(() => void this.work(), ms);
  }

  /** Something is worth looking at. */
  private ask(): void {
    if (this.working) this.again = true;
    else if (!this.stopped && this.state.lost === null) this.schedule(this.gapLeft());
  }

  private gapLeft(): number {
    const gap = Math.min(Math.max(LOOK_GAP_MS, this.lookMs * LOOK_GAP_PER_MS), LOOK_GAP_MAX_MS);
    return Math.max(0, this.lastLook + gap - this.clock.now());
  }

  private async turn(): Promise<number> {
    try {
      const session = await this.connected();
      const calls = new LibvirtCalls(session, () => {
        this.counts.calls += 1;
      });
      if (this.isDue() || (await this.listDiffers(calls))) await this.lookNow(calls, session);
      this.retryMs = RETRY_FIRST_MS;
      return this.options.heartbeatMs ?? 1000;
    } catch (error) {
      return this.failed(error);
    }
  }

  private failed(error: unknown): number {
    if (!(error instanceof LibvirtError)) throw error; // a fault of the program: it must not go unheard
    this.suspectAll = true;
    this.again = false;
    if (!this.stopped) this.state.lose(error.message);
    // A call may hang because the connection does: a new one costs nothing.
    if (error.code === 'timeout') this.dropSession();
    const wait = this.retryMs;
    this.retryMs = Math.min(this.retryMs * 2, RETRY_MAX_MS);
    return wait;
  }

  private dropSession(): void {
    this.session?.close();
    this.session = null;
  }

  private async connected(): Promise<BusSession> {
    if (this.session) return this.session;
    let session: BusSession | null = null;
    const current = () => session === null || session === this.session;
    session = await this.options.bus.connect({
      onSignal: (signal) => current() && this.onSignal(signal),
      onOwner: (owner) => current() && this.onOwner(owner),
      onClosed: (reason) => current() && this.onClosed(reason),
    });
    this.session = session;
    this.suspectAll = true;
    return session;
  }

  private onSignal(signal: Signal): void {
    this.counts.signals += 1;
    const uuid = uuidOfPath(signal.interface === 'org.libvirt.Connect' ? signal.body[0] : signal.path);
    if (uuid === null) return;
    if (signal.member === 'MigrationIteration') this.migrating.add(uuid);
    (signal.member === 'NetworkEvent' ? this.suspectNetworks : this.suspectDomains).add(uuid);
    this.ask();
  }

  /** libvirt-dbus began or ended; whatever it did not say meanwhile is to be found by looking. */
  private onOwner(owner: string): void {
    this.suspectAll = true;
    if (owner === '') this.state.lose('libvirt-dbus has ended');
    this.schedule(0);
  }

  private onClosed(reason: string): void {
    this.session = null;
    this.suspectAll = true;
    if (this.stopped) return;
    this.state.lose(reason);
    if (!this.working) this.schedule(this.retryMs);
  }

  private isDue(): boolean {
    const suspects = this.suspectAll || this.suspectDomains.size + this.suspectNetworks.size > 0;
    const period = this.options.reconcileMs ?? 2000;
    return suspects || this.clock.now() - this.lastReconcile >= period || this.state.lost !== null;
  }

  /** The heartbeat: keeps libvirt-dbus connected to libvirt, and so events coming. */
  private async listDiffers(calls: LibvirtCalls): Promise<boolean> {
    const listed = await calls.domains();
    const known = this.sight.domains;
    return listed.size !== known.size || [...listed].some((uuid) => !known.has(uuid));
  }

  private async lookNow(calls: LibvirtCalls, session: BusSession): Promise<void> {
    const suspects = this.takeSuspects();
    const began = this.lastLook;
    const sight = await look(calls, this.sight, suspects);
    this.lookMs = this.clock.now() - began;
    if (this.stopped || session !== this.session) throw new LibvirtError('bus', 'the connection ended');
    for (const uuid of suspects.migrating) if (!sight.migrating.has(uuid)) this.migrating.delete(uuid);
    this.counts.reconciles += 1;
    this.counts.xmlReads += sight.xmlReads;
    this.sight = sight;
    this.tell(snapshotOf(sight));
    this.lookedAt = began;
    this.state.find();
    this.becomeReady();
  }

  private tell(after: Snapshot): void {
    const changes = reconcile(this.snapshot, after);
    this.snapshot = after;
    if (changes.length > 0) this.options.onChanges(changes);
  }

  /** Hands over what is suspect, and the next part of the sweep where the period is over. */
  private takeSuspects() {
    this.lastLook = this.clock.now();
    const suspects = {
      domains: this.suspectDomains,
      networks: this.suspectNetworks,
      all: this.suspectAll,
      migrating: new Set(this.migrating),
    };
    this.suspectDomains = new Set();
    this.suspectNetworks = new Set();
    this.suspectAll = false;
    if (this.lastLook - this.lastReconcile >= (this.options.reconcileMs ?? 2000)) this.sweep(suspects);
    return suspects;
  }

  private sweep(suspects: { domains: Set<string>; networks: Set<string> }): void {
    this.lastReconcile = this.lastLook;
    for (const uuid of nextPart(this.sight.domains.keys(), this.sweptDomain, SWEEP_ROUNDS)) {
      suspects.domains.add(uuid);
      this.sweptDomain = uuid;
    }
    for (const uuid of nextPart(this.sight.networks.keys(), this.sweptNetwork, SWEEP_ROUNDS)) {
      suspects.networks.add(uuid);
      this.sweptNetwork = uuid;
    }
  }
}
