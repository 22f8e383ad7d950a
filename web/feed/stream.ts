// Keeps the live stream (server-sent events) open: tells what arrives, and how the connection stands.
import type { StreamEvent } from '../../hostd/api/schema.ts';
import { backoffMs } from './backoff.ts';

export type Connection =
  | { state: 'connecting' }
  | { state: 'open' }
  | { state: 'waiting'; attempt: number; nextAt: number; reason: string }
  | { state: 'signedOut' };

export type StreamHandlers = {
  event: (event: StreamEvent) => void;
  connection: (connection: Connection) => void;
};

/** What a stream needs of its surroundings, so that tests can give their own. */
export type StreamWorld = {
  open: (url: string) => EventSource;
  /** The HTTP status of the API just now, 0 when nobody answers: an EventSource does not tell. */
  probe: () => Promise<number>;
  now: () => number;
  later: (ms: number, run: () => void) => () => void;
  chance: () => number;
};

const kinds = ['flows', 'graph', 'status', 'workloads', 'threats', 'dropped'] as const;
/** hostd sends something at least every 10 s; a stream silent for longer is dead, whatever TCP says. */
const silence_ms = 35_000;

function parse(kind: (typeof kinds)[number], data: unknown): StreamEvent | null {
  if (typeof data !== 'string') return null;
  try {
    const value = JSON.parse(data) as StreamEvent;
    return value.kind === kind ? value : null;
  } catch {
    return null;
  }
}

export class Stream {
  readonly #handlers: StreamHandlers;
  readonly #world: StreamWorld;
  #source: EventSource | null = null;
  #attempt = 0;
  #cancel: () => void = () => undefined;
  #closed = true;

  constructor(handlers: StreamHandlers, world: StreamWorld) {
    this.#handlers = handlers;
    this.#world = world;
  }

  start(): void {
    this.#closed = false;
    this.#attempt = 0;
    this.#connect();
  }

  /** Tries at once instead of waiting out the backoff. */
  retry(): void {
    if (!this.#closed) this.#connect();
  }

  stop(): void {
    this.#closed = true;
    this.#drop();
  }

  #drop(): void {
    this.#cancel();
    this.#source?.close();
    this.#source = null;
  }

  #connect(): void {
    this.#drop();
    this.#handlers.connection({ state: 'connecting' });
    const source = this.#world.open('/api/v1/stream');
    this.#source = source;
    source.addEventListener('open', () => this.#opened());
    source.addEventListener('error', () => void this.#failed(source));
    for (const kind of kinds)
      source.addEventListener(kind, (message) => this.#heard(kind, (message as MessageEvent).data));
    this.#watch(source);
  }

  #opened(): void {
    this.#attempt = 0;
    this.#handlers.connection({ state: 'open' });
  }

  #heard(kind: (typeof kinds)[number], data: unknown): void {
    if (this.#source) this.#watch(this.#source);
    const event = parse(kind, data);
    if (event) this.#handlers.event(event);
  }

  #watch(source: EventSource): void {
    this.#cancel();
    this.#cancel = this.#world.later(silence_ms, () => void this.#failed(source));
  }

  async #failed(source: EventSource): Promise<void> {
    if (this.#closed || source !== this.#source) return;
    this.#drop();
    const status = await this.#world.probe();
    if (this.#closed || this.#source) return;
    if (status === 401) {
      this.#closed = true;
      this.#handlers.connection({ state: 'signedOut' });
      return;
    }
    this.#wait(status === 0 ? 'vmoat does not answer' : `the live stream broke off (HTTP ${status})`);
  }

  #wait(reason: string): void {
    this.#attempt++;
    const ms = backoffMs(this.#attempt, this.#world.chance());
    const nextAt = this.#world.now() + ms;
    this.#handlers.connection({ state: 'waiting', attempt: this.#attempt, nextAt, reason });
    this.#cancel = this.#world.later(ms, () => this.#connect());
  }
}
