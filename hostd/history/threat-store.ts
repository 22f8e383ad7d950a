// The file of incidents, opened when it is needed and set aside when it is broken.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Acknowledgement, Threat } from '../api/schema.ts';
import { isBroken, setAside } from './set-aside.ts';
import { ThreatFile, type ThreatRow } from './threat-file.ts';

export interface ThreatStoreOptions {
  folder: string;
  now: () => number;
  /** The file could not be used and was renamed. */
  onSetAside: (file: string, reason: string) => void;
}

const NAME = 'threats.sqlite';

export class ThreatStore {
  readonly #options: ThreatStoreOptions;
  #file: ThreatFile | null = null;

  constructor(options: ThreatStoreOptions) {
    this.#options = options;
    mkdirSync(options.folder, { recursive: true, mode: 0o750 });
  }

  write(rows: readonly ThreatRow[], gone: readonly string[]): void {
    this.#with((file) => file.write(rows, gone));
  }

  load(): Threat[] {
    return this.#with((file) => file.load());
  }

  acknowledge(ids: readonly string[], acknowledged: Acknowledgement | null): void {
    this.#with((file) => file.acknowledge(ids, acknowledged));
  }

  close(): void {
    this.#file?.close();
    this.#file = null;
  }

  /** Runs `use` on the file; where that is broken, on a new one. */
  #with<T>(use: (file: ThreatFile) => T): T {
    try {
      return use(this.#open());
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      if (!isBroken(reason)) throw thrown;
      this.#drop();
      const { folder, now, onSetAside } = this.#options;
      onSetAside(setAside(folder, NAME, now()), reason);
      return use(this.#open());
    }
  }

  #open(): ThreatFile {
    this.#file ??= new ThreatFile(join(this.#options.folder, NAME));
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
