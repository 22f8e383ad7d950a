// Delivery of events: a lane for each destination, and what waits on disk so that it outlives hostd.
import type { EventDestination, EventRecord } from '../api/schema.ts';
import type { Clock } from '../base/clock.ts';
import type { ActionConfig } from '../config/delivery.ts';
import { act, type PolicyAction } from './actions.ts';
import type { Destination } from './destination.ts';
import { Lane, type Retry } from './lane.ts';

/** An event on its way to a destination. */
export interface Waiting {
  destination: string;
  event: EventRecord;
}

export interface DeliveryOptions {
  destinations: readonly Destination[];
  clock: Clock;
  /** What the response rules say of an event. */
  actions: (event: EventRecord) => readonly ActionConfig[];
  /** They need not be kept for delivery any more. */
  onDone: (done: { destination: string; event: string }[]) => void;
  /** A response rule wants the policy changed. */
  onPolicyAction: (event: EventRecord, action: PolicyAction) => void;
  onFailing: (destination: Destination, reason: string) => void;
  onResumed: (destination: Destination, failed_ms: number) => void;
  retry?: Retry;
}

/** An event of this kind is for the destination that it is about. */
const TEST = 'delivery-test';

export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #lanes = new Map<string, { lane: Lane; destination: Destination }>();
  /** What came before the disk was read; null since then. */
  #early: Waiting[] | null = [];

  constructor(options: DeliveryOptions) {
    this.#options = options;
    const { destinations, clock, onDone, onFailing, onResumed, retry } = options;
    for (const destination of destinations) {
      const lane = new Lane({
        destination,
        clock,
        onDone: ({ id }) => onDone([{ destination: destination.id, event: id }]),
        onFailing: (reason) => onFailing(destination, reason),
        onResumed: (failed_ms) => onResumed(destination, failed_ms),
        ...(retry && { retry }),
      });
      this.#lanes.set(destination.id, { lane, destination });
    }
  }

  get lost(): Record<string, number> {
    const states = [...this.#lanes.values()].map(({ lane }) => lane.state);
    return { deliveries: states.reduce((sum, { dropped, refused }) => sum + dropped + refused, 0) };
  }

  get destinations(): EventDestination[] {
    return [...this.#lanes.values()].map(({ lane, destination: { id, target } }) => {
      const { failing, ...counts } = lane.state;
      const since = failing && { ...failing, since: new Date(failing.since).toISOString() };
      return { id, target, ...counts, failing: since };
    });
  }

  /** Starts the lanes with what did not arrive before hostd ended; what is for nobody any more is done. */
  begin(pending: readonly Waiting[]): void {
    const orphans = pending.filter(({ destination }) => !this.#lanes.has(destination));
    if (orphans.length)
      this.#options.onDone(orphans.map(({ destination, event }) => ({ destination, event: event.id })));
    const known = new Set(pending.map(keyOf));
    const early = (this.#early ?? []).filter((waiting) => !known.has(keyOf(waiting)));
    this.#early = null;
    for (const { destination, event } of [...pending, ...early])
      this.#lanes.get(destination)?.lane.push(event);
  }

  /** The destinations that will get the event, to be kept with it. */
  take(event: EventRecord): string[] {
    const to = new Set(event.kind === TEST ? event.subjects.map(({ id }) => id) : []);
    const tools = {
      deliver: (id: string) => void to.add(id),
      change: (action: PolicyAction) => this.#options.onPolicyAction(event, action),
    };
    for (const action of this.#options.actions(event)) act(action, tools);
    return [...to].filter((id) => this.send(id, event));
  }

  /** False where there is no such destination or no room. */
  send(destination: string, event: EventRecord): boolean {
    const lane = this.#lanes.get(destination)?.lane;
    if (!lane) return false;
    if (!this.#early) return lane.push(event);
    this.#early.push({ destination, event });
    return true;
  }

  stop(): void {
    for (const { lane } of this.#lanes.values()) lane.stop();
  }
}

const keyOf = ({ destination, event }: Waiting): string => `${destination} ${event.id}`;
