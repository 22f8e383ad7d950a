// `npm run fuzz`: builds what fuzzing needs, then hands over to test/fuzz/fuzz.ts.
import { join } from 'node:path';
import { shown } from './command.mjs';
import { installNodeModules } from './node-modules.mjs';
import { installPackages } from './packages.mjs';
import { root } from './place.mjs';

/** @param {string[]} args NAME SECONDS, or `all SECONDS`; none: all, 60 s each @returns {Promise<number>} exit code */
export async function fuzz(args) {
  await Promise.all([installPackages(['build']), installNodeModules()]);
  const what = args.length > 0 ? args : ['all', '60'];
  return shown([process.execPath, '--import', 'tsx', join(root, 'test/fuzz/fuzz.ts'), ...what]);
}
