// Makes what guests and machines start from, where it is not there yet: mostly downloads and unpacking.
import { join } from 'node:path';
import { IDLE, shown } from './command.mjs';
import { SetupFailure } from './failure.mjs';
import { root } from './place.mjs';
import { step } from './progress.mjs';

/** @param {{idle?: boolean}} [how] idle: without being in anybody's way */
export const makeGuestImage = (how) => make("the guests' kernel and root", 'demo/image/make.ts', how);

/** @param {{idle?: boolean}} [how] likewise */
export const makeMachineRoot = (how) =>
  make('the root of the machine that the package is for', 'test/package/make-root.ts', how);

async function make(what, program, { idle = false } = {}) {
  await step(what, async () => {
    const argv = [process.execPath, '--import', 'tsx', join(root, program)];
    const code = await shown(idle ? [...IDLE, ...argv] : argv);
    if (code !== 0) throw new SetupFailure(`could not make ${what}`, { hint: `look above: ${program}` });
  });
}
