// What is needed at run time and nothing else, laid out as in build/: for the Debian package, and for a
// checkout below a folder that an unprivileged user may not enter.
import { cpSync, existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { build, root } from './place.mjs';

const PROGRAMS = ['vmoat', 'vmoat-hostd', 'vmoat-dp'];
const SQLITE = 'node_modules/@photostructure/sqlite';

/** @param {string} to a folder that is emptied first */
export function copyRuntime(to) {
  rmSync(to, { recursive: true, force: true });
  for (const name of PROGRAMS) copy(join(build, 'js', `${name}.mjs`), join(to, 'js', `${name}.mjs`));
  copy(join(build, 'release/vmoat.node'), join(to, 'release/vmoat.node'));
  copy(join(build, 'web'), join(to, 'web'));
  for (const part of ['package.json', 'LICENSE', 'dist', `prebuilds/linux-${process.arch}`])
    copy(join(root, SQLITE, part), join(to, SQLITE, part));
  copy(join(root, 'node_modules/node-gyp-build'), join(to, 'node_modules/node-gyp-build'));
}

function copy(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true, filter: (path) => !path.endsWith('.map') });
}

/** @param {string} path @returns {boolean} whether every user may come to it: x for others on it and all above */
export function reachable(path) {
  for (let at = resolve(path); ; at = dirname(at)) {
    if (existsSync(at) && statSync(at).isDirectory() && (statSync(at).mode & 0o001) === 0) return false;
    if (at === '/') return true;
  }
}
