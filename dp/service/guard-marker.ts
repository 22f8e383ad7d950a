// GuardMarker: the file by which libvirt's hook knows that a group is in protect, also when vmoat-dp is not there.
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { GuardTable } from '../client/guard-table.ts';
import type { PolicyTables } from '../contract/policy.ts';
import type { Log } from './log.ts';

/** The strictest fail policy of groups in protect: whether a guest may start that the hook cannot guard. */
type Mark = 'open' | 'closed';
const NAME = 'guard';

export class GuardMarker {
  readonly #folder: string;
  readonly #path: string;
  readonly #log: Log;
  #mark: Mark | null;

  constructor(folder: string, log: Log) {
    this.#folder = folder;
    this.#path = join(folder, NAME);
    this.#log = log;
    this.#mark = markIn(this.#path);
  }

  /** On disk when this returns; these are the policies that are in force or may be so next. */
  follow(policies: readonly (PolicyTables | null | undefined)[]): void {
    const mark = markOf(policies);
    if (mark === this.#mark) return;
    try {
      if (mark === null) rmSync(this.#path, { force: true });
      else this.#write(mark);
      synced(openSync(this.#folder, 'r'));
      this.#mark = mark;
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      this.#log('error', 'guests that start without vmoat-dp are not guarded as they should be', { reason });
    }
  }

  #write(mark: Mark): void {
    const fresh = `${this.#path}.new`;
    synced(openSync(fresh, 'w', 0o600), (file) => writeSync(file, mark));
    renameSync(fresh, this.#path);
  }
}

/** Nobody who starts is guarded from now on, nor who has started. */
export async function unguard(marker: GuardMarker, table: GuardTable): Promise<void> {
  marker.follow([]);
  await table.remove();
}

function markOf(policies: readonly (PolicyTables | null | undefined)[]): Mark | null {
  const groups = policies.flatMap((policy) => policy?.groups ?? []).filter(({ mode }) => mode === 'protect');
  if (groups.length === 0) return null;
  return groups.some(({ failPolicy }) => failPolicy === 'closed') ? 'closed' : 'open';
}

function markIn(path: string): Mark | null {
  try {
    return readFileSync(path, 'utf8') === 'closed' ? 'closed' : 'open';
  } catch {
    return null;
  }
}

function synced(fd: number, write: (fd: number) => void = () => undefined): void {
  try {
    write(fd);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
