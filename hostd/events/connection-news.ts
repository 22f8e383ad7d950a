// Whether somebody that vmoat needs answers, as an event when that changes.
import type { Emit } from './events.ts';
import type { EventKind } from './kinds.ts';

export interface ConnectionNewsOptions {
  emit: Emit;
  name: string;
  connected: EventKind;
  lost: EventKind;
}

export class ConnectionNews {
  readonly #options: ConnectionNewsOptions;
  #told: boolean | null = null;

  constructor(options: ConnectionNewsOptions) {
    this.#options = options;
  }

  /** `reason`: why it is not connected, or what it is connected to. */
  take(connected: boolean, reason: string): void {
    if (connected === this.#told) return;
    this.#told = connected;
    const { emit, name, connected: came, lost } = this.#options;
    const subjects = [{ kind: 'process' as const, id: name, name }];
    if (connected) emit(came, { text: `${name} answers`, subjects, data: reason ? { version: reason } : {} });
    else emit(lost, { text: `${name} does not answer: ${reason}`, subjects, data: { reason } });
  }
}
