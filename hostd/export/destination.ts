// The directory of an export: a file appears whole or not at all, and old ones go.
import { lstat, open, readdir, rename, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCodeOf } from '../base/errors.ts';

const FILE_MODE = 0o640;

/** Writes, syncs, and only then gives it its name; resolves to its bytes. What fails leaves nothing behind. */
export async function writeWhole(
  folder: string,
  name: string,
  parts: Iterable<string> | AsyncIterable<string>,
): Promise<number> {
  const fresh = join(folder, `.${name}.new`);
  // Of an export that was killed; a link that somebody put there goes with it, and is never followed.
  await unlink(fresh).catch(ignoreMissing);
  const file = await open(fresh, 'wx', FILE_MODE);
  try {
    for await (const part of parts) await file.appendFile(part);
    await file.sync();
    const { size } = await file.stat();
    await file.close();
    await rename(fresh, join(folder, name));
    await syncFolder(folder);
    return size;
  } catch (cause) {
    await file.close().catch(() => undefined);
    await rm(fresh, { force: true });
    throw cause;
  }
}

function ignoreMissing(thrown: unknown): void {
  if (systemCodeOf(thrown) !== 'ENOENT') throw thrown;
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  await folder.sync().finally(() => folder.close());
}

/** Removes the oldest files of those that match and returns which; the newest `keep` stay. */
export async function removeOld(folder: string, own: RegExp, keep: number): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => own.test(name));
  const aged = await Promise.all(
    names.map(async (name) => ({ name, mtimeMs: (await lstat(join(folder, name))).mtimeMs })),
  );
  aged.sort((a, b) => b.mtimeMs - a.mtimeMs || (a.name < b.name ? 1 : -1));
  const old = aged.slice(keep).map(({ name }) => name);
  for (const name of old) await rm(join(folder, name), { force: true });
  return old;
}
