// Text to a stream that may be slow or gone: waits for a slow reader, and ends quietly when it has left.
import { once } from 'node:events';
import type { Writable } from 'node:stream';

/** The reader has gone (EPIPE): nothing more needs to be written. */
export class ReaderGone extends Error {}

export class TextOutput {
  readonly #stream: Writable;
  #failure: Error | null = null;

  constructor(stream: Writable) {
    this.#stream = stream;
    stream.on('error', (error: NodeJS.ErrnoException) => {
      this.#failure = error.code === 'EPIPE' ? new ReaderGone() : error;
    });
  }

  /** Resolves when there is room for more; rejects with ReaderGone once nobody reads. */
  async write(text: string): Promise<void> {
    if (this.#failure) throw this.#failure;
    if (this.#stream.write(text)) return;
    await once(this.#stream, 'drain').catch(() => {});
    if (this.#failure) throw this.#failure;
  }
}
