// The flow history as the rest of hostd uses it: collects what is to be written, asks the thread.
import type { Worker } from 'node:worker_threads';
import type { Receipt } from '../../dp/contract/protocol.ts';
import type { Acknowledgement, Flow, GraphEdge, GraphNode, Threat } from '../api/schema.ts';
import type { Clock } from '../base/clock.ts';
import { VmoatError } from '../base/errors.ts';
import type { Evidence } from '../base/evidence.ts';
import type { Log } from '../base/log.ts';
import { openThread } from '../base/open-thread.ts';
import type { RuleCount, RuleCounts } from '../base/rule-count.ts';
import type { FlowPosition } from './day-file.ts';
import type { Delivered, EventPage, Outgoing, Pending } from './event-file.ts';
import type { EventFilter } from './event-filter.ts';
import type { FlowFilter, GroupOf } from './flow-filter.ts';
import type { Learned } from './learned-file.ts';
import type { Request, RequestKind, Requests, ThreadData, ThreadMessage } from './messages.ts';
import { pastEvidence } from './past-evidence.ts';
import { pastGraph } from './past-graph.ts';
import { type PastViolations, pastViolations } from './past-violations.ts';
import { type EdgeMinute, edgeRow, flowRow } from './rows.ts';
import { threatRow } from './threat-file.ts';

export interface HistoryOptions {
  folder: string;
  retentionDays: number;
  clock: Clock;
  log: Log;
  groupOf: GroupOf;
  /** Whether another flow stands for this one in totals. */
  isLeg: (flow: Flow) => boolean;
  /** Everything up to here is on disk, or was counted as lost. */
  onKept?: (receipt: Receipt) => void;
  /** How long flows are collected before they are written, ms. */
  write_interval_ms?: number;
  /** Flows that may wait for the disk; beyond that new ones are dropped and counted. */
  waitingMax?: number;
}

export interface FlowPage {
  flows: Flow[];
  next: FlowPosition | null;
}

const WRITE_INTERVAL_MS = 2000;
const WAITING_MAX = 200_000;
const ROWS_A_WRITE = 5000;
const MINUTE_MS = 60_000;
const STATS_INTERVAL_MS = 10_000;
/** What is not recognised after so long will not be. */
const YOUNG_MS = 10_000;
/** Of each source, where all are asked for. */
const VIOLATIONS_MAX = 1000;
const CLOSE_MS = 10_000;
const RESTART_MS = 1000;

interface Waiting {
  kind: RequestKind;
  resolve: (answer: unknown) => void;
  reject: (error: Error) => void;
}

export class History {
  readonly #options: HistoryOptions;
  readonly #waiting = new Map<number, Waiting>();
  readonly #stops: (() => void)[] = [];
  #flows = new Map<string, Flow>();
  #edges = new Map<string, EdgeMinute>();
  /** Null: no longer kept. */
  #threats = new Map<string, Threat | null>();
  /** Null: no longer kept. */
  #rules = new Map<string, RuleCount | null>();
  #watched_ms: number | null = null;
  #receipt: Receipt | null = null;
  #thread: Worker | null = null;
  #requests = 0;
  #writing: Promise<void> | null = null;
  #closed = false;
  #dropped = 0;
  #setAside = 0;
  stats = { rows: 0, bytes: 0 };

  constructor(options: HistoryOptions) {
    this.#options = options;
    this.#start();
    const { clock } = options;
    this.#stops.push(clock.every(options.write_interval_ms ?? WRITE_INTERVAL_MS, () => void this.flush()));
    this.#stops.push(clock.every(STATS_INTERVAL_MS, () => void this.#readStats()));
    void this.#readStats();
  }

  /** Rows dropped for lack of room or by a failing disk, and files set aside, since the start. */
  get lost(): Record<string, number> {
    return { historyRows: this.#dropped, historyFiles: this.#setAside };
  }

  /** Remembers the newest state of flows until the next write. */
  keep(flows: readonly Flow[]): void {
    const max = this.#options.waitingMax ?? WAITING_MAX;
    for (const flow of flows) {
      if (this.#flows.size < max || this.#flows.has(flow.id)) this.#flows.set(flow.id, flow);
      else this.#dropped++;
    }
  }

  /** Adds what edges gained in their minute. */
  keepEdges(edges: readonly EdgeMinute[]): void {
    for (const edge of edges) {
      const minute = edge.minute - (edge.minute % MINUTE_MS);
      const key = edgeMinuteKey(minute, edge);
      const known = this.#edges.get(key);
      if (!known) this.#edges.set(key, { ...edge, minute });
      else {
        known.packets = both(known.packets, edge.packets);
        known.bytes = both(known.bytes, edge.bytes);
      }
    }
  }

  /** Remembers the newest state of incidents until the next write; whoever calls bounds how many there are. */
  keepThreats(threats: readonly Threat[]): void {
    for (const threat of threats) this.#threats.set(threat.id, threat);
  }

  forgetThreats(ids: readonly string[]): void {
    for (const id of ids) this.#threats.set(id, null);
  }

  /** Remembers the newest counters until the next write; whoever calls bounds how many rules there are. */
  keepRules(changed: readonly RuleCount[], gone: readonly string[], watched_ms: number): void {
    for (const rule of changed) this.#rules.set(rule.id, rule);
    for (const id of gone) this.#rules.set(id, null);
    this.#watched_ms = watched_ms;
  }

  /** All counters on disk, and up to which batch they count. */
  rules(): Promise<RuleCounts & { receipt: Receipt | null }> {
    return this.#ask('rules', null);
  }

  /** What was kept so far is everything up to this batch; goes to disk with it. */
  keepReceipt(receipt: Receipt): void {
    this.#receipt = receipt;
  }

  /** Up to where everything was on disk when hostd last ended. */
  async receipt(): Promise<Receipt | null> {
    return this.#ask('receipt', null);
  }

  /** Writes everything that waits; resolves when it is in the file. Failures are counted, not thrown. */
  async flush(): Promise<void> {
    while (this.#writing) await this.#writing;
    if (!this.#isWaiting()) return;
    this.#writing = this.#writeAll().finally(() => {
      this.#writing = null;
    });
    await this.#writing;
  }

  /** All incidents on disk. */
  async threats(): Promise<Threat[]> {
    await this.flush();
    return this.#ask('threats', null);
  }

  /** Resolves when it is on disk; null takes it back. */
  async acknowledge(ids: string[], acknowledged: Acknowledgement | null): Promise<void> {
    await this.flush();
    await this.#ask('acknowledge', { ids, acknowledged });
  }

  /** New events with where they are to go, and what has arrived; resolves to whether that is on disk. */
  async keepEvents(outgoing: Outgoing[], delivered: Delivered[] = []): Promise<boolean> {
    try {
      await this.#ask('writeEvents', { outgoing, delivered });
      return true;
    } catch (error) {
      this.#dropped += outgoing.length;
      this.#options.log.error({ error: String(error) }, 'events could not be written');
      return false;
    }
  }

  /** Events, newest first. */
  async events(filter: EventFilter, position: FlowPosition | null, limit: number): Promise<EventPage> {
    return this.#ask('events', { filter, position, limit });
  }

  /** What was to be delivered before hostd ended, and did not arrive. */
  async pendingEvents(): Promise<Pending[]> {
    return this.#ask('pending', null);
  }

  /** A new instance of vmoat-dp: flows of others, known by the beginning of their ids, get no further record. */
  async endOthers(prefix: string): Promise<void> {
    await this.flush();
    await this.#ask('endOthers', { prefix }).catch((error) =>
      this.#options.log.error(
        { error: String(error) },
        'flows of a former vmoat-dp stay open in the history',
      ),
    );
  }

  /** Flows newest first (by their beginning). */
  async flows(filter: FlowFilter, position: FlowPosition | null, limit: number): Promise<FlowPage> {
    await this.flush();
    const page = await this.#ask('flows', { filter, position, limit });
    return { flows: page.rows.map((row) => JSON.parse(row.json) as Flow), next: page.next };
  }

  /** Edges and their ends in a window, ms since the epoch; bytes and packets to the minute. */
  async graph(since: number, until: number): Promise<{ edges: GraphEdge[]; nodes: GraphNode[] }> {
    await this.flush();
    return pastGraph(await this.#ask('window', { since, until }), until - since);
  }

  /** What was seen in a window, ms since the epoch; without what may still be recognised. */
  async evidence(since: number, until: number): Promise<Evidence[]> {
    await this.flush();
    const settled = until - YOUNG_MS;
    return pastEvidence(await this.#ask('evidence', { since, begun: 0, until, settled }));
  }

  /** The flows that began in a window, each in one window only; `until` itself is not in it. */
  async begun(since: number, until: number): Promise<Evidence[]> {
    await this.flush();
    return pastEvidence(
      await this.#ask('evidence', { since, begun: since, until: until - 1, settled: until }),
    );
  }

  /** Beginnings of hours with traffic, ms since the epoch. */
  async hours(since: number, until: number): Promise<number[]> {
    await this.flush();
    return this.#ask('hours', { since, until });
  }

  learned(): Promise<Learned> {
    return this.#ask('learned', null);
  }

  /** Resolves when it is on disk. */
  async keepLearned(changed: [string, Evidence][], until: number): Promise<void> {
    await this.#ask('writeLearned', { changed, until });
  }

  /** Forgets these with that version of the policy; resolves when that is on disk. */
  async forgetLearned(version: number, keys: string[], kept: number): Promise<void> {
    await this.#ask('forgetLearned', { version, keys, kept });
  }

  /** What these versions forgot is forgotten, what others did comes back; answers whether anything changed. */
  followLearned(versions: number[]): Promise<boolean> {
    return this.#ask('followLearned', { versions });
  }

  /** Violations in a window, ms since the epoch: of each source the latest `each`, and how many there are. */
  async violations(since: number, until: number, each: number): Promise<PastViolations> {
    await this.flush();
    return pastViolations(await this.#ask('violations', { since, until, each }), each);
  }

  /** Ends of violations since then, by id, with when each was last seen, ms since the epoch. */
  async violators(since: number): Promise<Map<string, number>> {
    const { violations } = await this.violations(since, this.#options.clock.now(), VIOLATIONS_MAX);
    const found = new Map<string, number>();
    for (const { from, to, last } of violations)
      for (const { id } of [from, to]) found.set(id, Math.max(found.get(id) ?? 0, Date.parse(last)));
    return found;
  }

  /** Acknowledges violations; resolves when it is on disk; null takes it back. */
  async markViolations(ids: string[], mark: Acknowledgement | null): Promise<void> {
    await this.#ask('mark', { ids, mark });
  }

  async close(): Promise<void> {
    for (const stop of this.#stops) stop();
    await this.flush();
    this.#closed = true;
    const thread = this.#thread;
    const ended = thread && new Promise((resolve) => thread.once('exit', resolve));
    await this.#ask('close', null).catch(() => null);
    // It ends by itself once its files are closed: SQLite is not to be torn away in the middle of that.
    const slow = setTimeout(() => void thread?.terminate(), CLOSE_MS);
    await ended;
    clearTimeout(slow);
  }

  #start(): void {
    const { folder, retentionDays, log } = this.#options;
    const threadData: ThreadData = { role: 'vmoat-history', folder, retentionDays };
    const thread = openThread(new URL('./thread.ts', import.meta.url), threadData);
    this.#thread = thread;
    thread.on('message', (message: ThreadMessage) => this.#take(message));
    thread.on('error', (error) => log.error({ error: error.message }, 'the history thread failed'));
    thread.on('exit', () => this.#ended());
  }

  #ended(): void {
    this.#thread = null;
    const error = new VmoatError('history_unavailable', 'the history thread ended');
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
    if (!this.#closed) setTimeout(() => this.#closed || this.#start(), RESTART_MS).unref();
  }

  #take(message: ThreadMessage): void {
    if ('event' in message) {
      this.#setAside++;
      this.#options.log.error(
        { file: message.file, reason: message.reason },
        'a broken history file was set aside',
      );
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if ('error' in message) waiting?.reject(new VmoatError('history_unavailable', message.error));
    else waiting?.resolve(message.answer);
  }

  #ask<K extends RequestKind>(kind: K, ask: Requests[K]['ask']): Promise<Requests[K]['answer']> {
    const thread = this.#thread;
    if (!thread)
      return Promise.reject(new VmoatError('history_unavailable', 'the history is starting again'));
    const id = ++this.#requests;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { kind, resolve: resolve as (answer: unknown) => void, reject });
      thread.postMessage({ id, kind, ask } as Request);
    });
  }

  #isWaiting(): boolean {
    const waiting = this.#flows.size + this.#edges.size + this.#threats.size + this.#rules.size;
    return waiting > 0 || this.#watched_ms !== null || this.#receipt !== null;
  }

  /** What waits is taken out first, so that what comes meanwhile waits for the next write. */
  async #writeAll(): Promise<void> {
    const { groupOf, isLeg } = this.#options;
    const flows = [...this.#flows.values()];
    const edges = [...this.#edges.values()].map(edgeRow);
    const receipt = this.#receipt;
    const threats = this.#threats;
    this.#flows = new Map();
    this.#edges = new Map();
    this.#threats = new Map();
    const [rules, watched_ms] = [this.#rules, this.#watched_ms];
    this.#rules = new Map();
    this.#watched_ms = null;
    this.#receipt = null;
    // Before the receipt, which stands for them, too.
    await this.#writeThreats(threats);
    await this.#writeRules(rules, watched_ms, receipt);
    for (let at = 0; at === 0 || at < flows.length; at += ROWS_A_WRITE) {
      const slice = flows.slice(at, at + ROWS_A_WRITE);
      const rows = slice.map((flow) => flowRow(flow, groupOf, isLeg(flow)));
      const isLast = at + ROWS_A_WRITE >= flows.length;
      await this.#write({ flows: rows, edges: isLast ? edges : [], receipt: isLast ? receipt : null });
    }
    if (receipt) this.#options.onKept?.(receipt);
  }

  async #write(rows: Requests['write']['ask']): Promise<void> {
    try {
      await this.#ask('write', rows);
    } catch (error) {
      this.#dropped += rows.flows.length + rows.edges.length;
      this.#options.log.error(
        { error: String(error), rows: rows.flows.length },
        'flow records could not be written',
      );
    }
  }

  async #writeThreats(threats: ReadonlyMap<string, Threat | null>): Promise<void> {
    if (threats.size === 0) return;
    const gone = [...threats].flatMap(([id, threat]) => (threat ? [] : [id]));
    const rows = [...threats.values()].flatMap((threat) => (threat ? [threatRow(threat)] : []));
    try {
      await this.#ask('writeThreats', { rows, gone });
    } catch (error) {
      this.#dropped += threats.size;
      this.#options.log.error({ error: String(error), rows: rows.length }, 'threats could not be written');
    }
  }

  async #writeRules(
    kept: ReadonlyMap<string, RuleCount | null>,
    watched_ms: number | null,
    receipt: Receipt | null,
  ): Promise<void> {
    if (watched_ms === null) return;
    const gone = [...kept].flatMap(([id, rule]) => (rule ? [] : [id]));
    const rules = [...kept.values()].filter((rule) => rule !== null);
    try {
      await this.#ask('writeRules', { rules, gone, watched_ms, receipt });
    } catch (error) {
      // They are totals: the next write brings them, unless newer ones wait by then.
      for (const [id, rule] of kept) if (!this.#rules.has(id)) this.#rules.set(id, rule);
      this.#watched_ms ??= watched_ms;
      this.#options.log.error(
        { error: String(error), rules: rules.length },
        'counters of rules could not be written',
      );
    }
  }

  async #readStats(): Promise<void> {
    this.stats = await this.#ask('stats', null).catch(() => this.stats);
  }
}

const edgeMinuteKey = (minute: number, edge: EdgeMinute): string =>
  [minute, edge.fromKind, edge.fromId, edge.toKind, edge.toId, edge.proto, edge.port, edge.app ?? ''].join(
    '\n',
  );

const both = (a: [number, number], b: [number, number]): [number, number] => [a[0] + b[0], a[1] + b[1]];
