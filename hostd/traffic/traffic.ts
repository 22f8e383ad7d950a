// Live traffic: flow records from dp, named by who their ends are, as a table of flows and a table of edges.
import { type FlowBatch, type FlowRecord, flowJson } from '../../dp/client/index.ts';
import type { Receipt, Registry } from '../../dp/contract/protocol.ts';
import type { Flow } from '../api/schema.ts';
import { BatchQueue } from '../base/batch-queue.ts';
import type { Clock } from '../base/clock.ts';
import type { RuleGain } from '../base/rule-count.ts';
import { type EdgeDelta, EdgeTable, type EdgeUpdate } from './edge-table.ts';
import { type FlowEnds, type NamedEnds, type NameEnds, sameEnds } from './ends.ts';
import { FlowTable, type LiveFlow } from './flow-table.ts';
import { RuleGains } from './rule-gains.ts';

export interface TrafficOptions {
  clock: Clock;
  nameEnds: NameEnds;
  /** Id of a rule by the number that dp knows it by. */
  ruleId: (number: number) => string | null;
  flowsMax: number;
  /** Whether what parsers read off a session is kept. */
  facts: boolean;
  /** New and changed flows, at least one; must not throw. */
  onFlows: (flows: Flow[]) => void;
  /** Growth of edges, for the history: of a batch all at once, right before onTaken; must not throw. */
  onEdges: (deltas: EdgeDelta[]) => void;
  /** All of this batch went to onFlows and onEdges, or was counted as lost; and what rules decided in it. */
  onTaken: (receipt: Receipt, gains: RuleGain[]) => void;
  defer?: (next: () => void) => void;
}

interface Arrival {
  record: FlowRecord;
  registry: Registry;
  instance: string;
  gains: RuleGains;
  deltas: EdgeDelta[];
}

const RECORDS_WAITING_MAX = 1_000_000;
const RECORDS_A_SLICE = 2000;

export class Traffic {
  readonly edges = new EdgeTable();
  readonly #options: TrafficOptions;
  readonly #flows: FlowTable;
  readonly #queue: BatchQueue<Arrival>;
  readonly #renaming: BatchQueue<LiveFlow>;
  /** Flows that another one stands for. */
  readonly #legs = new WeakSet<Flow>();
  /** Of the batch that is half worked off: it comes again after a crash, and must not be counted twice then. */
  #half: EdgeDelta[] | null = null;
  #evicted = 0;

  constructor(options: TrafficOptions) {
    this.#options = options;
    const { defer = setImmediate } = options;
    this.#flows = new FlowTable(options.flowsMax);
    this.#queue = new BatchQueue<Arrival>({
      recordsMax: RECORDS_WAITING_MAX,
      slice: RECORDS_A_SLICE,
      work: (arrivals) => this.#takeSlice(arrivals),
      defer,
    });
    // One pass may run and one wait: what a third would find, the waiting one finds.
    this.#renaming = new BatchQueue<LiveFlow>({
      recordsMax: 2 * options.flowsMax,
      slice: RECORDS_A_SLICE,
      work: (flows) => this.#renameSlice(flows),
      defer,
    });
  }

  get openFlows(): number {
    return this.#flows.size;
  }

  /** What was left out for lack of room, by cause, since the start. */
  get lost(): Record<string, number> {
    return { flowRecords: this.#queue.dropped, liveFlows: this.#evicted, edges: this.edges.dropped };
  }

  /** Whether another flow of the same traffic stands for this one in totals. */
  isLeg(flow: Flow): boolean {
    return this.#legs.has(flow);
  }

  /** Flows that have not ended; traffic that crosses segments is in it once for each. */
  *open(): Iterable<Flow> {
    for (const { flow } of this.#flows.values()) yield flow;
  }

  /** A flow that has not ended. */
  flow(id: string): Flow | null {
    return this.#flows.get(id)?.flow ?? null;
  }

  take(batch: FlowBatch, registry: Registry, instance: string): void {
    const gains = new RuleGains();
    const deltas: EdgeDelta[] = [];
    const taken = (): void => {
      if (this.#half === deltas) this.#half = null;
      if (deltas.length) this.#options.onEdges(deltas);
      this.#options.onTaken({ instance, batch: batch.number }, gains.list);
    };
    this.#queue.push(arrivals(batch, { registry, instance, gains, deltas }), batch.count, taken);
  }

  /** Asks again who the ends are: names and owners of addresses come later than the first packets. */
  rename(): void {
    this.#renaming.push([...this.#flows.values()], this.#flows.size);
  }

  /** Another dp runs: flows of the ones before will get no further record. */
  endOthers(instance: string): void {
    const prefix = idPrefix(instance);
    const ended = [...this.#flows.values()].filter((live) => !live.flow.id.startsWith(prefix));
    const deltas: EdgeDelta[] = [];
    for (const live of ended) this.#end(live, deltas);
    this.#tell(
      ended.map((live) => live.flow),
      deltas,
    );
  }

  expire(): void {
    this.edges.expire(this.#options.clock.now());
  }

  #renameSlice(slice: LiveFlow[]): void {
    const changed: Flow[] = [];
    const deltas: EdgeDelta[] = [];
    for (const live of slice) {
      if (this.#flows.get(live.flow.id) !== live) continue;
      const named = this.#options.nameEnds(live.ends);
      if (sameEnds(named, live.named)) continue;
      const leg = this.#legs.has(live.flow);
      live.named = named;
      live.flow = { ...live.flow, ...named };
      if (leg) this.#legs.add(live.flow);
      else this.#count(live, deltas);
      changed.push(live.flow);
    }
    this.#tell(changed, deltas);
  }

  #takeSlice(slice: Arrival[]): void {
    const flows = slice.flatMap((arrival) => this.#takeRecord(arrival));
    this.#half = slice.at(-1)?.deltas ?? null;
    this.#tell(flows, []);
  }

  #takeRecord({ record, registry, instance, gains, deltas }: Arrival): Flow[] {
    const ends = endsOf(record);
    const named = this.#options.nameEnds(ends);
    const known = this.#flows.get(flowId(instance, record.id));
    const flow = this.#flowOf(record, registry, instance, named, known?.flow);
    const live: LiveFlow = {
      flow,
      ends,
      named,
      first_ms: Date.parse(flow.first),
      last_ms: Date.parse(flow.last),
      deltaPackets: record.deltaPackets,
      deltaBytes: record.deltaBytes,
      contribution: known?.contribution ?? null,
    };
    const first = this.#firstLeg(flow);
    if (first) this.#legs.add(flow);
    else this.#count(live, deltas);
    if (!first || first.rule !== flow.rule) gains.add(flow, record, known?.flow);
    if (flow.end !== null) this.#flows.delete(flow.id);
    else return [flow, ...this.#keep(live, deltas)];
    return [flow];
  }

  #flowOf(
    record: FlowRecord,
    registry: Registry,
    instance: string,
    named: NamedEnds,
    before: Flow | undefined,
  ): Flow {
    // The fresh object is filled in place: a copy of every record would be most of the work of this thread.
    const flow: Flow = flowJson(record, registry, named.segment);
    flow.id = flowId(instance, flow.id);
    if (flow.parent !== null) flow.parent = flowId(instance, flow.parent);
    flow.from = named.from;
    flow.to = named.to;
    if (record.rule !== 0) flow.rule = this.#options.ruleId(record.rule);
    if (!this.#options.facts) delete flow.facts;
    else if (before?.facts) flow.facts = flow.facts ? { ...before.facts, ...flow.facts } : before.facts;
    return flow;
  }

  /** The same traffic in a further segment, not traffic inside a tunnel: its first leg stands for it in totals. */
  #firstLeg(flow: Flow): Flow | null {
    const parent = flow.parent === null ? undefined : this.#flows.get(flow.parent)?.flow;
    if (!parent || parent.tunnel.length !== flow.tunnel.length) return null;
    const isLeg =
      parent.proto === flow.proto && parent.dport === flow.dport && parent.segment !== flow.segment;
    return isLeg ? parent : null;
  }

  #keep(live: LiveFlow, deltas: EdgeDelta[]): Flow[] {
    const evicted = this.#flows.put(live);
    if (!evicted) return [];
    this.#evicted++;
    this.#end(evicted, deltas);
    return [evicted.flow];
  }

  #end(live: LiveFlow, deltas: EdgeDelta[]): void {
    this.#flows.delete(live.flow.id);
    const leg = this.#legs.has(live.flow);
    live.flow = { ...live.flow, end: 'evicted' };
    if (leg) this.#legs.add(live.flow);
    if (live.contribution) this.#count(live, deltas);
  }

  #count(live: LiveFlow, deltas: EdgeDelta[]): void {
    const { from, to } = live.named;
    const applied = this.edges.apply(live.contribution, edgeUpdate(live), this.#options.clock.now());
    live.contribution = applied?.contribution ?? null;
    if (!applied) return;
    this.edges.sawAddress(from, live.flow.src);
    this.edges.sawAddress(to, live.flow.dst);
    deltas.push(...applied.deltas);
  }

  /** What a flow of a batch that is half worked off loses to another edge goes with the batch. */
  #tell(flows: Flow[], deltas: EdgeDelta[]): void {
    if (flows.length) this.#options.onFlows(flows);
    if (this.#half) for (const delta of deltas) this.#half.push(delta);
    else if (deltas.length) this.#options.onEdges(deltas);
  }
}

function* arrivals(batch: FlowBatch, of: Omit<Arrival, 'record'>): Generator<Arrival> {
  for (const record of batch) yield { record, ...of };
}

/** dp's numbers start again with every instance of dp. */
const flowId = (instance: string, id: string): string => idPrefix(instance) + id;
/** How the ids of all flows of an instance of dp begin. */
export const idPrefix = (instance: string): string => `${instance.slice(0, 8)}-`;

const endsOf = (record: FlowRecord): FlowEnds => ({
  segment: record.segment,
  src: record.src,
  dst: record.dst,
  srcMac: record.srcMac,
  dstMac: record.dstMac,
  srcSlot: record.srcSlot,
  dstSlot: record.dstSlot,
});

function edgeUpdate(live: LiveFlow): EdgeUpdate {
  const { flow, named } = live;
  const { proto, dport: port, packets, bytes } = flow;
  return {
    name: { from: named.from, to: named.to, app: flow.app ?? null, proto, port },
    confidence: flow.confidence ?? null,
    packets,
    bytes,
    deltaPackets: live.deltaPackets,
    deltaBytes: live.deltaBytes,
    open: flow.end === null,
    violation: flow.violation ?? false,
    first_ms: live.first_ms,
    last_ms: live.last_ms,
  };
}
