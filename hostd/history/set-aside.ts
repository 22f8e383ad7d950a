// A file of the history that cannot be used is renamed, so that the next one can begin.
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** What SQLite puts beside a file. */
export const SIDE_FILES = ['-wal', '-shm'];

/** SQLite's primary result codes for a file that is no good, as opposed to a disk that is full. */
const BROKEN = /malformed|not a database|schema version|disk image/i;

export const isBroken = (reason: string): boolean => BROKEN.test(reason);

/** Returns the new name. */
export function setAside(folder: string, name: string, now_ms: number): string {
  const aside = `${name}.broken-${now_ms}`;
  renameSync(join(folder, name), join(folder, aside));
  for (const side of SIDE_FILES) rmSync(join(folder, name + side), { force: true });
  return aside;
}
