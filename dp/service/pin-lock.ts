// One vmoat-dp at a time owns the pins: whoever holds the lock on their directory.
import { existsSync } from 'node:fs';
import type { Addon } from '../client/addon.ts';
import { ServiceError } from './service-error.ts';

/** False where there is no such directory yet; throws `already_running` where another process has it. */
export function lockPins(addon: Pick<Addon, 'lockDirectory'>, pins: string): boolean {
  if (!existsSync(pins)) return false;
  if (addon.lockDirectory(pins)) return true;
  throw new ServiceError('already_running', `another vmoat-dp runs with ${pins}: stop that one first`);
}
