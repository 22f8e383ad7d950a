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

/** What the configuration says of delivery; it may be another one later. */
export interface DeliverySetUp {
  destinations: readonly Destination[];
  /** What the response rules say of an event. */
  actions: (event: EventRecord) => readonly ActionConfig[];
}

export interface DeliveryOptions extends DeliverySetUp {
  clock: Clock;
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
  #lanes = new Map<string, { lane: Lane; destination: Destination }>();
  #actions: DeliverySetUp['actions'];
  /** What came before the disk was read; null since then. */
  #early: Waiting[] | null = [];
  /** Of lanes that are no more. */
  #lostBefore = 0;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#actions = options.actions;
    this.use(options);
  }

  /** From now on. A destination that stays as it was goes on; of another one of its name, the new one gets what waits. */
  use({ destinations, actions }: DeliverySetUp): void {
    this.#actions = actions;
    const before = this.#lanes;
    this.#lanes = new Map(
      destinations.map((destination) => {
        const known = before.get(destination.id);
        const same = known?.destination.settings === destination.settings;
        return [destination.id, same && known ? known : { lane: this.#lane(destination), destination }];
      }),
    );
    const gone = [...before].filter(([id, { lane }]) => this.#lanes.get(id)?.lane !== lane);
    this.#lostBefore += gone.reduce((sum, [, { lane }]) => sum + lostBy(lane), 0);
    this.#pass(
      gone.flatMap(([destination, { lane }]) => lane.handOver().map((event) => ({ destination, event }))),
    );
  }

  get lost(): Record<string, number> {
    const now = [...this.#lanes.values()].reduce((sum, { lane }) => sum + lostBy(lane), 0);
    return { deliveries: this.#lostBefore + now };
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
    const known = new Set(pending.map(keyOf));
    const early = (this.#early ?? []).filter((waiting) => !known.has(keyOf(waiting)));
    this.#early = null;
    this.#pass([...pending, ...early]);
  }

  /** The destinations that will get the event, to be kept with it. */
  take(event: EventRecord): string[] {
    const to = new Set(event.kind === TEST ? event.subjects.map(({ id }) => id) : []);
    const tools = {
      deliver: (id: string) => void to.add(id),
      change: (action: PolicyAction) => this.#options.onPolicyAction(event, action),
    };
    for (const action of this.#actions(event)) act(action, tools);
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

  /** To the lanes of their destinations; what has none is done. */
  #pass(all: readonly Waiting[]): void {
    const orphans = all.filter(({ destination }) => !this.#lanes.has(destination));
    if (orphans.length)
      this.#options.onDone(orphans.map(({ destination, event }) => ({ destination, event: event.id })));
    for (const { destination, event } of all) this.#lanes.get(destination)?.lane.push(event);
  }

  #lane(destination: Destination): Lane {
    const { clock, onDone, onFailing, onResumed, retry } = this.#options;
    return new Lane({
      destination,
      clock,
      onDone: ({ id }) => onDone([{ destination: destination.id, event: id }]),
      onFailing: (reason) => onFailing(destination, reason),
      onResumed: (failed_ms) => onResumed(destination, failed_ms),
      ...(retry && { retry }),
    });
  }
}

const lostBy = ({ state: { dropped, refused } }: Lane): number => dropped + refused;

const keyOf = ({ destination, event }: Waiting): string => `${destination} ${event.id}`;
