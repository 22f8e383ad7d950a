// The live stream: tells every reader what happens, each state made once for all of them.
import type { Response } from 'express';
import { VmoatError } from '../base/errors.ts';
import { type EventFilter, passes as eventPasses } from '../history/event-filter.ts';
import { type FlowFilter, passes } from '../history/flow-filter.ts';
import type { ThreatFilter } from '../threats/threat-filter.ts';
import { Pace } from './pace.ts';
import type { StreamKind } from './queries.ts';
import type { StreamEvent } from './schema.ts';
import type { ApiSources } from './sources.ts';
import { type ItemKind, type Items, StreamClient } from './stream-client.ts';

/** Told whole; of the others what is new. */
type StateKind = Exclude<StreamKind, ItemKind>;

export interface StreamFilter {
  flows: FlowFilter;
  threats: ThreatFilter;
  events: EventFilter;
}

export const CLIENTS_MAX = 64;
const HEARTBEAT_MS = 10_000;
const STATUS_MS = 2000;
/** Rates fall also where nothing happens. */
const GRAPH_MS = 5000;
const SOON_MS = 50;
const GRAPH_INTERVAL_MS = 900;
const WORKLOADS_INTERVAL_MS = 900;

export class StreamHub {
  readonly #sources: ApiSources;
  readonly #clients = new Set<StreamClient>();
  readonly #graph = new Pace(() => this.#tell('graph'), SOON_MS, GRAPH_INTERVAL_MS);
  readonly #workloads = new Pace(() => this.#tell('workloads'), SOON_MS, WORKLOADS_INTERVAL_MS);
  readonly #stops: (() => void)[];
  /** What readers missed because they read too slowly, since the start. */
  readonly dropped = { streamFlows: 0, streamThreats: 0, streamEvents: 0 };

  constructor(sources: ApiSources) {
    this.#sources = sources;
    const { clock, feed } = sources;
    feed.on('flows', (flows) => this.#items('flows', 'streamFlows', flows));
    feed.on('threats', (threats) => this.#items('threats', 'streamThreats', threats));
    feed.on('events', (events) => this.#items('events', 'streamEvents', events));
    feed.on('traffic', () => this.#graph.ask());
    feed.on('workloads', () => this.#changed());
    this.#stops = [
      clock.every(HEARTBEAT_MS, () => this.#each((client) => client.heartbeat())),
      clock.every(STATUS_MS, () => this.#tell('status')),
      clock.every(GRAPH_MS, () => this.#graph.ask()),
    ];
  }

  get clients(): number {
    return this.#clients.size;
  }

  /** Keeps the response open as a stream until its reader goes; throws `too_many_streams`. */
  serve(response: Response, kinds: readonly StreamKind[], filter: StreamFilter): void {
    if (this.#clients.size >= CLIENTS_MAX)
      throw new VmoatError('too_many_streams', `${CLIENTS_MAX} streams are open already`);
    response.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
    });
    const { groupOf, threatPasses } = this.#sources;
    const client = new StreamClient(response, kinds, {
      flows: (flow) => passes(flow, filter.flows, groupOf),
      threats: (threat) => threatPasses(threat, filter.threats),
      events: (event) => eventPasses(event, filter.events),
    });
    this.#clients.add(client);
    response.on('close', () => this.#clients.delete(client));
    client.heartbeat();
    for (const kind of ['status', 'workloads', 'graph'] as const)
      if (client.kinds.has(kind)) client.state(kind, this.#json(kind));
  }

  stop(): void {
    for (const stop of this.#stops) stop();
    this.#graph.stop();
    this.#workloads.stop();
  }

  #items<K extends ItemKind>(kind: K, loss: keyof StreamHub['dropped'], items: readonly Items[K][]): void {
    this.#each((client) => {
      this.dropped[loss] += client.items(kind, items);
    });
  }

  #changed(): void {
    this.#workloads.ask();
    this.#graph.ask();
  }

  #tell(kind: StateKind): void {
    const wanting = [...this.#clients].filter((client) => client.kinds.has(kind));
    if (wanting.length === 0) return;
    const json = this.#json(kind);
    for (const client of wanting) client.state(kind, json);
  }

  #json(kind: StateKind): string {
    return JSON.stringify(this.#event(kind));
  }

  #event(kind: StateKind): StreamEvent {
    const sources = this.#sources;
    if (kind === 'graph') return { kind, graph: sources.liveGraph('vm') };
    if (kind === 'status') return { kind, status: sources.status() };
    return { kind, workloads: sources.workloads() };
  }

  #each(tell: (client: StreamClient) => void): void {
    for (const client of this.#clients) tell(client);
  }
}
