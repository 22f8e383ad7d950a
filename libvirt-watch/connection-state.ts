// Whether libvirt answers: connected, being sought again, or unavailable; since when, why, how often it came back.
import type { Clock, Connection } from './types.ts';

export class ConnectionState {
  connection: Connection;
  /** When libvirt was lost, ms since the epoch; null while it is there. */
  lost: number | null;
  private everConnected = false;
  private readonly clock: Clock;
  private readonly unavailableMs: number;
  private readonly told: ((connection: Connection) => void) | undefined;

  constructor(clock: Clock, unavailableMs: number, told?: (connection: Connection) => void) {
    this.clock = clock;
    this.unavailableMs = unavailableMs;
    this.told = told;
    this.lost = clock.now();
    this.connection = {
      state: 'unavailable',
      since: this.time(),
      reason: 'not yet connected',
      reconnects: 0,
    };
  }

  find(): void {
    if (this.lost === null) return;
    this.lost = null;
    const reconnects = this.connection.reconnects + (this.everConnected ? 1 : 0);
    this.everConnected = true;
    this.set({ state: 'connected', since: this.time(), reason: '', reconnects });
  }

  /** Called again with every failed try, so that a long loss becomes `unavailable`. */
  lose(reason: string): void {
    this.lost ??= this.clock.now();
    const soon = this.everConnected && this.clock.now() - this.lost < this.unavailableMs;
    const state = soon ? 'reconnecting' : 'unavailable';
    const since = state === this.connection.state ? this.connection.since : this.time();
    if (state === this.connection.state && reason === this.connection.reason) return;
    this.set({ state, since, reason, reconnects: this.connection.reconnects });
  }

  private set(connection: Connection): void {
    this.connection = connection;
    this.told?.(connection);
  }

  private time(): string {
    return new Date(this.clock.now()).toISOString();
  }
}
