// The queue before one destination: in order, one at a time, tried again until it arrives or is too old.
import type { EventRecord } from '../api/schema.ts';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import { type Destination, Refusal, TryLater } from './destination.ts';

export interface LaneOptions {
  destination: Destination;
  clock: Clock;
  /** It has arrived, or will be tried no more. */
  onDone: (event: EventRecord) => void;
  /** Of the first failure, and of the first success after it. */
  onFailing: (reason: string) => void;
  onResumed: (failed_ms: number) => void;
  retry?: Retry;
  /** Events that may wait; beyond that new ones are dropped. */
  waiting_max?: number;
}

/** Waits double from `first_ms` to `most_ms`, each shortened by up to half at random, so that many hosts spread. */
export interface Retry {
  first_ms: number;
  most_ms: number;
  random: () => number;
}

export interface LaneState {
  waiting: number;
  delivered: number;
  /** Found no room, or grew too old. */
  dropped: number;
  /** The destination refused them for good. */
  refused: number;
  failing: { since: number; reason: string; attempts: number } | null;
}

const WAITING_MAX = 10_000;
export const EVENT_LIFE_MS = 86_400_000;
const RETRY: Retry = { first_ms: 1000, most_ms: 300_000, random: Math.random };
/** Before how many failures in a row it is not told: one may be a restart of the other side. */
const TOLD_AT = 3;

export const waitOf = (attempts: number, { first_ms, most_ms, random }: Retry): number =>
  Math.min(most_ms, first_ms * 2 ** Math.min(attempts - 1, 40)) * (1 - random() / 2);

export class Lane {
  readonly #options: LaneOptions;
  readonly #queue: EventRecord[] = [];
  #running = false;
  #stopped = false;
  #wake: (() => void) | null = null;
  #failing: LaneState['failing'] = null;
  /** Of the event at the head of the queue. */
  #tries = 0;
  #counts = { delivered: 0, dropped: 0, refused: 0 };

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  get state(): LaneState {
    return { waiting: this.#queue.length, ...this.#counts, failing: this.#failing };
  }

  /** False where there is no room. */
  push(event: EventRecord): boolean {
    if (this.#queue.length >= (this.#options.waiting_max ?? WAITING_MAX)) {
      this.#counts.dropped++;
      return false;
    }
    this.#queue.push(event);
    if (!this.#running) void this.#run();
    return true;
  }

  stop(): void {
    this.#stopped = true;
    this.#options.destination.close();
    this.#wake?.();
  }

  /** Ends it too, and hands over what has not arrived yet. */
  handOver(): EventRecord[] {
    this.stop();
    return this.#queue.splice(0);
  }

  async #run(): Promise<void> {
    this.#running = true;
    // Whoever pushed has work to do first: the event must be on its way to the disk.
    await new Promise((resolve) => setImmediate(resolve));
    for (;;) {
      const event = this.#queue[0];
      if (this.#stopped || !event) break;
      const wait_ms = await this.#try(event);
      if (this.#stopped) break;
      if (wait_ms === null) {
        this.#queue.shift();
        this.#tries = 0;
        this.#options.onDone(event);
      } else await this.#sleep(wait_ms);
    }
    this.#running = false;
  }

  /** How long to wait before the next try, or null where none is needed. */
  async #try(event: EventRecord): Promise<number | null> {
    if (this.#options.clock.now() - Date.parse(event.at) > EVENT_LIFE_MS) {
      this.#counts.dropped++;
      return null;
    }
    try {
      await this.#options.destination.send(event, ++this.#tries);
      this.#counts.delivered++;
      this.#arrived();
      return null;
    } catch (thrown) {
      if (this.#stopped) return null;
      if (thrown instanceof Refusal) {
        this.#counts.refused++;
        this.#failed(thrown.message);
        return null;
      }
      const attempts = this.#failed(messageOf(thrown));
      return thrown instanceof TryLater ? thrown.wait_ms : waitOf(attempts, this.#options.retry ?? RETRY);
    }
  }

  #arrived(): void {
    const failing = this.#failing;
    this.#failing = null;
    if (failing && failing.attempts >= TOLD_AT)
      this.#options.onResumed(this.#options.clock.now() - failing.since);
  }

  #failed(reason: string): number {
    const { since, attempts } = this.#failing ?? { since: this.#options.clock.now(), attempts: 0 };
    this.#failing = { since, reason, attempts: attempts + 1 };
    if (attempts + 1 === TOLD_AT) this.#options.onFailing(reason);
    return attempts + 1;
  }

  #sleep(wait_ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, wait_ms);
      timer.unref();
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
