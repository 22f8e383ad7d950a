// systemd's watchdog is fed for as long as every worker of the data plane works, not while this process exists.
import type { Addon } from '../client/addon.ts';
import type { DpStatus } from '../contract/protocol.ts';

const SILENCE_MS_MAX = 5_000;

export class Watchdog {
  readonly #addon: Pick<Addon, 'systemdNotify' | 'systemdWatchdogMs'>;
  readonly #now: () => number;
  #heardMs: number;
  #timer: NodeJS.Timeout | null = null;

  constructor(
    addon: Pick<Addon, 'systemdNotify' | 'systemdWatchdogMs'>,
    now: () => number = () => performance.now(),
  ) {
    this.#addon = addon;
    this.#now = now;
    this.#heardMs = now();
  }

  /** Tells systemd that the service is up, and begins to feed the watchdog where one is asked for. */
  start(): void {
    this.#addon.systemdNotify('READY=1');
    const interval = this.#addon.systemdWatchdogMs();
    if (interval > 0) this.#timer = setInterval(() => this.feed(), interval / 2);
  }

  /** The data plane reported; it counts only where all its workers are at work. */
  heard({ workers }: Pick<DpStatus, 'workers'>): void {
    if (workers.every(({ heartbeatAgeMs }) => heartbeatAgeMs <= SILENCE_MS_MAX)) this.#heardMs = this.#now();
  }

  feed(): void {
    if (this.#now() - this.#heardMs <= SILENCE_MS_MAX) this.#addon.systemdNotify('WATCHDOG=1');
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#addon.systemdNotify('STOPPING=1');
  }
}
