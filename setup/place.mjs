// Where things are: the checkout, its build outputs, its cache and its logs.
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const cache = join(root, '.cache');
export const logs = join(cache, 'log');
export const build = join(root, 'build');

/** @param {string} path @returns {string} the same path, which is now a folder */
export function folder(path) {
  mkdirSync(path, { recursive: true });
  return path;
}
