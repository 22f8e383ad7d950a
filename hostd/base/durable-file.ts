// Writes a file so that, whenever the machine stops, either the old or the new text is on disk, and what was
// acknowledged is the new one: fsync of the file, rename, fsync of the directory. Mode 0600.
import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

const PRIVATE = 0o600;

/** One writer at a time for a path. Resolves once it is on disk. */
export async function writeDurably(path: string, text: string): Promise<void> {
  const fresh = `${path}.new`;
  const file = await open(fresh, 'w', PRIVATE);
  try {
    await file.chmod(PRIVATE);
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(fresh, path);
  await syncFolder(dirname(path));
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
