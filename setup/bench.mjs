// `npm run bench`: what a benchmark needs, then the benchmark itself with its own arguments.
import { join } from 'node:path';
import { shown } from './command.mjs';
import { buildNative, buildPrograms } from './native.mjs';
import { installNodeModules } from './node-modules.mjs';
import { installPackages } from './packages.mjs';
import { root } from './place.mjs';
import { startLibvirt } from './services.mjs';

/** @param {string[]} args @returns {Promise<number>} exit code */
export async function bench(args) {
  await Promise.all([installPackages(['build', 'run', 'test', 'demo']), installNodeModules()]);
  if (!args.includes('--help')) {
    await buildNative('release', []);
    await buildPrograms();
    await startLibvirt();
  }
  return shown([process.execPath, '--import', 'tsx', join(root, 'test/bench/bench.ts'), ...args]);
}
