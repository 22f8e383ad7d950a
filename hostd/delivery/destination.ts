// What a place that events are delivered to must be able to.
import type { EventRecord } from '../api/schema.ts';

export interface Destination {
  /** `webhook:ops`: its kind and its name in the configuration. */
  readonly id: string;
  /** For people, without what may be a secret. */
  readonly target: string;
  /** Of the configuration: another destination with the same id and settings is this one. */
  readonly settings: string;
  /** Resolves once it has arrived, as far as the transport can tell; `attempt` counts from 1. */
  send(event: EventRecord, attempt: number): Promise<void>;
  close(): void;
}

/** The other side will never take this event: trying again is pointless. */
export class Refusal extends Error {}

/** The other side asks to be left alone for a while. */
export class TryLater extends Error {
  readonly wait_ms: number;

  constructor(message: string, wait_ms: number) {
    super(message);
    this.wait_ms = wait_ms;
  }
}
