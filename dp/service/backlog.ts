// Backlog: bulk bodies kept while no client is there, so that a restart of hostd loses no flow's end.

/** What is kept, bytes; beyond it the oldest goes. */
export const BACKLOG_BYTES_MAX = 16 * 1024 * 1024;

export interface Kept {
  type: number;
  body: Buffer;
}

export class Backlog {
  #kept: Kept[] = [];
  #bytes = 0;

  /** Keeps a body and returns those that had to go for it, itself included where it alone is too large. */
  keep(type: number, body: Buffer): Kept[] {
    this.#kept.push({ type, body });
    this.#bytes += body.length;
    const gone: Kept[] = [];
    while (this.#bytes > BACKLOG_BYTES_MAX) {
      const oldest = this.#kept.shift();
      if (!oldest) break;
      this.#bytes -= oldest.body.length;
      gone.push(oldest);
    }
    return gone;
  }

  /** All that was kept, oldest first; the backlog is empty afterwards. */
  take(): Kept[] {
    const kept = this.#kept;
    this.#kept = [];
    this.#bytes = 0;
    return kept;
  }
}
