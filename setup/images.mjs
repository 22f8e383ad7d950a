// Makes what guests and machines start from, where it is not there yet: mostly downloads and unpacking, for while the
// compiler has the processor.
import { join } from 'node:path';
import { shown } from './command.mjs';
import { SetupFailure } from './failure.mjs';
import { root } from './place.mjs';
import { step } from './progress.mjs';

export const makeGuestImage = () => make("the guests' kernel and root", 'demo/image/make.ts');

export const makeMachineRoot = () =>
  make('the root of the machine that the package is for', 'test/package/make-root.ts');

async function make(what, program) {
  await step(what, async () => {
    const code = await shown([process.execPath, '--import', 'tsx', join(root, program)]);
    if (code !== 0) throw new SetupFailure(`could not make ${what}`, { hint: `look above: ${program}` });
  });
}
