// Makes the image that the guests of the demo and of tests start from, where it is not there yet.
import { join } from 'node:path';
import { shown } from './command.mjs';
import { SetupFailure } from './failure.mjs';
import { root } from './place.mjs';
import { step } from './progress.mjs';

/** Mostly downloads and unpacks: made while the compiler has the processor. */
export const makeGuestImage = () =>
  step("the guests' kernel and root", async () => {
    const code = await shown([process.execPath, '--import', 'tsx', join(root, 'demo/image/make.ts')]);
    if (code !== 0) throw new SetupFailure("the guests' image could not be made", { hint: 'see above' });
  });
