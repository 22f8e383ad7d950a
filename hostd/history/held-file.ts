// A file of the history that is not one of a day: opened when it is needed and set aside when it is broken.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { isBroken, setAside } from './set-aside.ts';

export interface HeldFileOptions<F> {
  folder: string;
  name: string;
  open: (path: string) => F;
  now: () => number;
  /** The file could not be used and was renamed. */
  onSetAside: (file: string, reason: string) => void;
}

export class HeldFile<F extends { close(): void }> {
  readonly #options: HeldFileOptions<F>;
  #file: F | null = null;

  constructor(options: HeldFileOptions<F>) {
    this.#options = options;
    mkdirSync(options.folder, { recursive: true, mode: 0o750 });
  }

  /** Runs `use` on the file; where that is broken, on a new one. */
  with<T>(use: (file: F) => T): T {
    try {
      return use(this.#open());
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      if (!isBroken(reason)) throw thrown;
      this.#drop();
      const { folder, name, now, onSetAside } = this.#options;
      onSetAside(setAside(folder, name, now()), reason);
      return use(this.#open());
    }
  }

  close(): void {
    this.#file?.close();
    this.#file = null;
  }

  #open(): F {
    const { open, folder, name } = this.#options;
    this.#file ??= open(join(folder, name));
    return this.#file;
  }

  #drop(): void {
    try {
      this.close();
    } catch {
      this.#file = null; // a broken file may refuse to close
    }
  }
}
