// Skips a build whose inputs are what they were when it last succeeded.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, folder, root } from './place.mjs';

const SKIPPED = new Set(['node_modules', 'build', 'var', '.cache', '.git']);

/**
 * @param {string} name of the build
 * @param {{inputs: string[], outputs: string[]}} files inputs: files and folders, from the root; outputs: must exist
 * @param {() => Promise<void>} work
 * @returns {Promise<boolean>} whether there was something to do
 */
export async function unlessFresh(name, { inputs, outputs }, work) {
  const stamp = join(folder(join(build, '.fresh')), name);
  const now = hashOf(inputs);
  const before = existsSync(stamp) ? readFileSync(stamp, 'utf8') : '';
  if (before === now && outputs.every((output) => existsSync(join(root, output)))) return false;
  rmSync(stamp, { force: true });
  await work();
  writeFileSync(stamp, now);
  return true;
}

function hashOf(inputs) {
  const hash = createHash('sha256');
  for (const file of inputs.flatMap((input) => filesBelow(input)))
    hash.update(file).update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

/** @param {string} path from the root @returns {string[]} the file itself, or all files below the folder, in order */
export function filesBelow(path) {
  const stat = statSync(join(root, path), { throwIfNoEntry: false });
  if (!stat) return [];
  if (stat.isFile()) return [path];
  return readdirSync(join(root, path))
    .sort()
    .filter((name) => !SKIPPED.has(name))
    .flatMap((name) => filesBelow(path === '' ? name : `${path}/${name}`));
}
