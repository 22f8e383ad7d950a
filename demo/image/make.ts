// Makes the guests' image and says where it is: `node --import tsx demo/image/make.ts`.
import { SetupFailure } from '../../setup/failure.mjs';
import { say } from '../../setup/progress.mjs';
import { imageFolder } from './place.ts';
import { guestImage } from './root-image.ts';

try {
  await guestImage(imageFolder(), (what: string) => say(`  ${what}`));
} catch (error) {
  if (!(error instanceof SetupFailure)) throw error;
  say(`failed: ${error.message}`);
  if (error.hint) say(`what to do: ${error.hint}`);
  process.exitCode = 1;
}
