// The parts between the data plane, libvirt and the API, and how news goes from one to the next.
import { EventEmitter } from 'node:events';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Bus, LibvirtWatch } from '../libvirt-watch/types.ts';
import { watchLibvirt } from '../libvirt-watch/watch.ts';
import type { AddressConflict } from '../topology/types.ts';
import { Pace } from './api/pace.ts';
import type { EventRecord, Flow, Nic, Threat, Workload } from './api/schema.ts';
import { type Clock, type Stop, systemClock } from './base/clock.ts';
import { messageOf } from './base/errors.ts';
import type { Log } from './base/log.ts';
import { VERSION } from './base/version.ts';
import type { Config } from './config/schema.ts';
import { Dataplane } from './dataplane/dataplane.ts';
import type { Delivery } from './delivery/delivery.ts';
import { type DeliveryConfig, deliverySetUp, openDelivery } from './event-delivery.ts';
import { EventSources } from './event-sources.ts';
import { type Emit, emitter } from './events/events.ts';
import type { Exports } from './export/exports.ts';
import { FirstOrders, type Witness } from './first-orders.ts';
import { edgeMinute, Graphs, groupOf } from './graphs.ts';
import { History } from './history/history.ts';
import { Inventory } from './inventory/inventory.ts';
import { isRunning } from './inventory/workload-view.ts';
import { Names } from './names/names.ts';
import { openAdvice } from './open-advice.ts';
import { openExports } from './open-exports.ts';
import type { Advisor } from './policy/advice/advisor.ts';
import { Compiler } from './policy/compile.ts';
import { RuleCounters } from './policy/counters/rule-counters.ts';
import type { Unused } from './policy/counters/unused.ts';
import type { Learner } from './policy/learn/learner.ts';
import { policyEvent } from './policy/news.ts';
import type { Policy } from './policy/policy.ts';
import type { Promotions } from './policy/promotions.ts';
import { Responder } from './respond.ts';
import { StatusBoard } from './status-board.ts';
import type { NamedThreatEnds, ThreatEnds } from './threats/incident.ts';
import { Journal } from './threats/journal.ts';
import { Threats } from './threats/threats.ts';
import type { FlowEnds, NamedEnds } from './traffic/ends.ts';
import { idPrefix, Traffic } from './traffic/traffic.ts';

interface FeedEvents {
  flows: [Flow[]];
  threats: [Threat[]];
  events: [EventRecord[]];
  traffic: [];
  workloads: [];
}

const DAY_MS = 86_400_000;
/** Who is in which group follows the inventory at once, but not for each of a hundred addresses alone. */
const PLACE_SOON_MS = 5;
const PLACE_INTERVAL_MS = 25;
/** Guests wait for it, so it may have half of the thread. */
const PLACE_REST = 1;
const RENAME_SOON_MS = 100;
const RENAME_INTERVAL_MS = 1000;
const NOTHING = { instance: '', batch: 0 };
const EXPIRE_MS = 30_000;
const JOURNAL_MS = 1000;
const CONFLICTS_LOGGED = 5;

/** Everything runs from the moment it is made; `stop` ends it, and writes what the history still holds. */
export class Parts {
  readonly clock: Clock = systemClock;
  readonly feed = new EventEmitter<FeedEvents>();
  readonly dataplane: Dataplane;
  readonly inventory: Inventory;
  readonly policy: Policy;
  readonly advisor: Advisor;
  readonly learner: Learner;
  readonly counters: RuleCounters;
  readonly unused: Unused;
  readonly #promotions: Promotions;
  readonly #orders = new FirstOrders(
    systemClock,
    (order) => this.dataplane.policy(order),
    () => this.dataplane.state.status?.enforces !== false,
  );
  readonly traffic: Traffic;
  readonly threats: Threats;
  readonly names: Names;
  readonly history: History;
  readonly graphs: Graphs;
  readonly watch: LibvirtWatch;
  readonly board: StatusBoard;
  readonly emit: Emit;
  readonly delivery: Delivery;
  readonly exports: Exports;
  readonly #events: EventSources;
  readonly #log: Log;
  readonly #journal: Journal;
  readonly #renaming = new Pace(() => this.#rename(), RENAME_SOON_MS, RENAME_INTERVAL_MS);
  readonly #placing = new Pace(() => this.policy.refresh(), PLACE_SOON_MS, PLACE_INTERVAL_MS, PLACE_REST);
  readonly #stops: Stop[];
  #conflicts: AddressConflict[] = [];
  #stopped = false;

  constructor(config: Config, log: Log, bus: Bus, policy: Policy) {
    const { clock } = this;
    this.policy = policy;
    this.#log = log;
    this.#journal = new Journal(log);
    this.emit = emitter(clock, (event) => this.#event(event));
    const responder = new Responder({
      policy,
      workloads: () => this.inventory.workloads(),
      emit: this.emit,
    });
    this.delivery = openDelivery(config, {
      clock,
      log,
      emit: this.emit,
      groupsOf: this.#groupsOf,
      onPolicyAction: (event, action) => responder.respond(event, action),
      onDone: (done) => void this.history.keepEvents([], done),
    });
    this.dataplane = new Dataplane({
      socket: config.sockets.dataplane,
      client: `vmoat-hostd ${VERSION}`,
      clock,
      log,
    });
    this.inventory = new Inventory({
      hostName: hostname(),
      place: (workload) => policy.place(workload),
      onChange: () => this.#changed(),
      onConflicts: (conflicts) => this.#conflict(conflicts),
      libvirtSeen: () => this.watch.lookedAt,
    });
    this.traffic = new Traffic({
      clock,
      flowsMax: config.traffic.flowsMax,
      facts: config.traffic.facts,
      nameEnds: (ends) => this.#nameEnds(ends),
      ruleId: (number) => policy.versions.ruleId(number),
      onFlows: (flows) => this.#flows(flows),
      onEdges: (deltas) => this.history.keepEdges(deltas.map(edgeMinute)),
      onTaken: (receipt, gains) => {
        this.counters.take(receipt, gains);
        this.history.keepReceipt(receipt);
      },
    });
    this.counters = new RuleCounters({
      clock,
      keep_ms: config.history.retentionDays * DAY_MS,
      load: () => this.history.rules(),
      save: (changed, gone, watched_ms) => this.history.keepRules(changed, gone, watched_ms),
      isWatched: ({ generation }) => this.dataplane.state.status?.policy?.generation === generation,
    });
    this.threats = new Threats({
      clock,
      keep_ms: config.history.retentionDays * DAY_MS,
      nameEnds: (ends) => this.#nameThreatEnds(ends),
      groupOf,
      onThreats: (threats) => this.#threats(threats),
      onNew: (threat) => this.#newThreat(threat),
      onForgotten: (ids) => this.history.forgetThreats(ids),
      keepAcknowledgement: (ids, acknowledged) => this.history.acknowledge(ids, acknowledged),
    });
    this.names = new Names({
      clock,
      keep: config.traffic.facts,
      nicAt: (slot) => this.inventory.topology.endpoints.get(slot),
      segmentName: (segment) => this.inventory.segmentName(segment),
    });
    this.history = new History({
      folder: join(config.stateDir, 'history'),
      retentionDays: config.history.retentionDays,
      clock,
      log,
      groupOf,
      isLeg: (flow) => this.traffic.isLeg(flow),
      onKept: (receipt) => this.dataplane.kept(receipt),
    });
    this.graphs = new Graphs({
      ...this,
      workloads: () => this.inventory.workloads(),
      hostMode: () => policy.hostMode,
    });
    this.exports = openExports({ ...this, stateDir: config.stateDir, log });
    this.#listen();
    this.#listenToPolicy();
    const { unusedDays } = config.policy;
    const { advisor, learner, promotions, unused } = openAdvice({ ...this, log, unusedDays });
    this.advisor = advisor;
    this.learner = learner;
    this.unused = unused;
    this.#promotions = promotions;
    this.#events = new EventSources({
      clock,
      emit: this.emit,
      dataplane: this.dataplane,
      nics: () => this.#runningNics(),
      lost: () => this.board.lost(),
      segmentName: (segment) => this.inventory.segmentName(segment),
    });
    this.watch = watchLibvirt({
      bus,
      reconcileMs: config.libvirt.reconcileIntervalMs,
      onChanges: () => this.#libvirtChanged(),
      onConnection: (connection) => {
        log.info({ state: connection.state, reason: connection.reason }, 'libvirt');
        this.#events.libvirt(connection);
        if (connection.state === 'connected') this.#seen('libvirt');
      },
    });
    this.board = new StatusBoard(this);
    this.board.addLoss(() => this.delivery.lost);
    void this.#connect();
    void this.#deliver();
    this.#stops = [
      clock.every(EXPIRE_MS, () => this.#expire()),
      clock.every(JOURNAL_MS, () => this.#logNews()),
    ];
  }

  /** vmoat-dp is told what the history holds already, and sends what is missing. */
  async #connect(): Promise<void> {
    const receipt = await this.history.receipt().catch(() => null);
    const threats = await this.history.threats().catch(() => []);
    // Learned rules that are not there yet would count as gone.
    await this.learner.loaded;
    await this.counters
      .load()
      .catch((error) => this.#log.error({ error: String(error) }, 'what rules decide is not counted'));
    if (this.#stopped) return;
    this.threats.load(threats);
    this.dataplane.start(receipt ?? NOTHING);
  }

  /** What did not arrive before hostd ended goes first. */
  async #deliver(): Promise<void> {
    const pending = await this.history.pendingEvents().catch(() => []);
    if (!this.#stopped) this.delivery.begin(pending);
  }

  /** Where events go from now on. */
  deliverBy(config: DeliveryConfig): void {
    this.delivery.use(deliverySetUp(config, { clock: this.clock, log: this.#log, groupsOf: this.#groupsOf }));
  }

  /** Sends an event to this destination alone; null where there is none. */
  testDestination(id: string): EventRecord | null {
    if (!this.delivery.destinations.some((known) => known.id === id)) return null;
    const subjects = [{ kind: 'destination' as const, id, name: id }];
    return this.emit('delivery-test', { text: `a test of ${id}`, subjects });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const stop of this.#stops) stop();
    this.#events.stop();
    this.delivery.stop();
    this.board.stop();
    this.watch.stop();
    this.dataplane.stop();
    this.#renaming.stop();
    this.#placing.stop();
    this.#promotions.stop();
    this.learner.stop();
    this.unused.stop();
    this.counters.stop();
    this.policy.stop();
    this.#orders.stop();
    await this.exports.stop();
    await this.history.close();
  }

  #listen(): void {
    const { dataplane, inventory, traffic, threats, names, history } = this;
    dataplane.on('connected', ({ instance, threats: kinds }) => {
      threats.learnKinds(kinds);
      traffic.endOthers(instance);
      names.connected(instance);
      void history.endOthers(idPrefix(instance));
    });
    dataplane.on('caughtUp', () => this.#seen('vmoat-dp'));
    dataplane.on('wentBack', (trial) => void this.#trialEnded(trial));
    dataplane.on('tables', () => inventory.takeTables(dataplane.tables));
    dataplane.on('addresses', (addresses) => inventory.learn(addresses));
    dataplane.on('names', (records) => names.take(records));
    dataplane.on('flows', (batch, registry, instance) => traffic.take(batch, registry, instance));
    dataplane.on('threats', (records, instance) => threats.take(records, instance));
  }

  async #trialEnded(trial: string): Promise<void> {
    await this.policy.versions.ended(trial).catch((error: unknown) => {
      this.#log.error({ trial, reason: messageOf(error) }, 'vmoat-dp ended a trial, the store did not');
    });
  }

  #listenToPolicy(): void {
    const { policy, dataplane, emit } = this;
    const applications = () => dataplane.state.welcome?.registry.applications;
    const compiler = new Compiler(applications, (reason) =>
      this.#log.warn({ reason }, 'policies are not tried by the evaluator before they go live'),
    );
    policy.attach(this.inventory, {
      compile: (tables, read) => compiler.check(tables, read),
      onTables: (order) => {
        this.#orders.give(order);
        this.counters.use(order);
      },
      onPlaces: () => {
        this.exports.use(policy.document.exports);
        void this.learner.look();
        this.feed.emit('workloads');
      },
      onNews: (news) => {
        const { kind, text, data } = policyEvent(news);
        emit(kind, { text, data });
      },
    });
    this.exports.use(policy.document.exports);
  }

  #nameEnds({ segment, src, dst, srcMac, dstMac, srcSlot, dstSlot }: FlowEnds): NamedEnds {
    const client = { segment, address: src, mac: srcMac, slot: srcSlot };
    const server = { segment, address: dst, mac: dstMac, slot: dstSlot };
    return {
      from: this.inventory.name(client, 'source'),
      to: this.inventory.name(server, 'destination'),
      segment: this.inventory.segmentName(segment),
    };
  }

  /** The NIC's guest is one end; nothing is said of an end without address that is not that guest. */
  #nameThreatEnds({ segment, src, dst, slot, fromNic }: ThreatEnds): NamedThreatEnds {
    const [srcSlot, dstSlot] = fromNic ? [slot, 0] : [0, slot];
    const end = (address: string | null, at: number, role: 'source' | 'destination') =>
      address === null && at === 0
        ? undefined
        : this.inventory.name({ segment, address: address ?? '', mac: '', slot: at }, role);
    const [from, to] = [end(src, srcSlot, 'source'), end(dst, dstSlot, 'destination')];
    const nic = this.inventory.topology.endpoints.get(slot)?.tap ?? null;
    return { ...(from && { from }), ...(to && { to }), segment: this.inventory.segmentName(segment), nic };
  }

  /** Whom it knows has been placed by now. */
  #seen(by: Witness): void {
    this.policy.refresh();
    this.#orders.seen(by);
  }

  #libvirtChanged(): void {
    this.inventory.takeLibvirt(this.watch.snapshot);
    this.dataplane.expect(this.inventory.expected());
  }

  #changed(): void {
    this.#renaming.ask();
    this.#placing.ask();
    this.feed.emit('workloads');
  }

  #flows(flows: Flow[]): void {
    this.history.keep(flows);
    this.#events.flows(flows);
    this.feed.emit('flows', flows);
    this.feed.emit('traffic');
  }

  #threats(threats: Threat[]): void {
    this.history.keepThreats(threats);
    this.feed.emit('threats', threats);
    this.feed.emit('traffic');
  }

  #newThreat(threat: Threat): void {
    this.#journal.note(threat, this.clock.now());
    this.#events.threat(threat);
  }

  #conflict(conflicts: AddressConflict[]): void {
    this.#conflicts.push(...conflicts);
    this.#events.conflicts(conflicts);
  }

  #event(event: EventRecord): void {
    void this.history.keepEvents([{ event, to: this.delivery.take(event) }]);
    this.feed.emit('events', [event]);
  }

  readonly #groupsOf = (uuid: string): readonly string[] => this.#workload(uuid)?.groups ?? [];

  #workload(uuid: string): Workload | undefined {
    return this.inventory.workloads().find(({ id }) => id === uuid);
  }

  #runningNics(): Nic[] {
    return this.inventory
      .workloads()
      .filter(isRunning)
      .flatMap((workload) => workload.nics);
  }

  #rename(): void {
    this.traffic.rename();
    this.threats.rename();
  }

  #expire(): void {
    this.traffic.expire();
    this.threats.expire();
    this.names.expire();
    this.inventory.expire(this.clock.now());
  }

  #logNews(): void {
    this.#logConflicts();
    this.#journal.write();
  }

  /** A guest can provoke conflicts at will: one line a second says how many, and shows some. */
  #logConflicts(): void {
    const count = this.#conflicts.length;
    const conflicts = this.#conflicts.slice(0, CONFLICTS_LOGGED);
    this.#conflicts = [];
    if (count > 0) this.#log.warn({ count, conflicts }, 'addresses are claimed twice');
  }
}
