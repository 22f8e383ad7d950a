// StaticGuard: takes taps out of the guard that libvirt's hook put before them, as soon as they are under our policy.
import type { GuardTable } from '../client/guard-table.ts';
import type { TappedNic } from '../contract/protocol.ts';
import type { Log } from './log.ts';

type Nic = Pick<TappedNic, 'tap' | 'protection'>;

/** A guarded tap that is not tapped within that time never will be: it is ignored by the settings, or gone. */
export const UNTAPPED_MS = 5_000;

export class StaticGuard {
  readonly #table: GuardTable;
  readonly #log: Log;
  readonly #now_ms: () => number;
  /** A tap has come since the table was read, or is still in it: read it again. */
  #looks = true;
  #busy = false;
  #panics = false;
  /** When a guarded tap was missed among the NICs first. */
  #missed = new Map<string, number>();

  constructor(table: GuardTable, log: Log, now_ms: () => number = () => performance.now()) {
    this.#table = table;
    this.#log = log;
    this.#now_ms = now_ms;
  }

  /** Links have come or gone, and with them maybe a guest. */
  linksChanged(): void {
    this.#looks = true;
  }

  /** In a panic nobody is guarded. */
  panics(panics: boolean): void {
    this.#looks ||= panics && !this.#panics;
    this.#panics = panics;
  }

  /** The newest state of all NICs; resolves once those that need no static guard any more have none. */
  async heard(nics: readonly Nic[]): Promise<void> {
    if (this.#busy || !this.#looks) return;
    this.#busy = true;
    this.#looks = false;
    try {
      await this.#release(nics);
    } catch (cause) {
      this.#looks = true;
      this.#log('error', 'taps stay guarded', {
        reason: cause instanceof Error ? cause.message : String(cause),
      });
    } finally {
      this.#busy = false;
    }
  }

  async #release(nics: readonly Nic[]): Promise<void> {
    const guarded = await this.#table.read();
    for (const tap of this.#missed.keys()) if (!guarded.has(tap)) this.#missed.delete(tap);
    const released = [...guarded.keys()].filter((tap) => this.#needsNone(tap, nics));
    if (released.length === guarded.size && guarded.size > 0) await this.#table.remove();
    else if (released.length > 0)
      await this.#table.deleteChains(released.flatMap((tap) => guarded.get(tap) ?? []));
    this.#looks ||= released.length < guarded.size;
    if (released.length > 0)
      this.#log('info', 'taps are under the policy: their guard is gone', { taps: released });
  }

  #needsNone(tap: string, nics: readonly Nic[]): boolean {
    if (this.#panics) return true;
    const nic = nics.find((each) => each.tap === tap);
    if (!nic) return this.#isMissedFor(tap) >= UNTAPPED_MS;
    this.#missed.delete(tap);
    return nic.protection.state !== 'waiting';
  }

  #isMissedFor(tap: string): number {
    const since_ms = this.#missed.get(tap) ?? this.#now_ms();
    this.#missed.set(tap, since_ms);
    return this.#now_ms() - since_ms;
  }
}
