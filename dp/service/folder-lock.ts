// One vmoat-dp at a time owns the pins, and one the kept state: whoever holds the lock on their folder.
import { existsSync } from 'node:fs';
import type { Addon } from '../client/addon.ts';
import { ServiceError } from './service-error.ts';

/** False where there is no such folder yet; throws `already_running` where another process has it. */
export function lockFolder(addon: Pick<Addon, 'lockDirectory'>, folder: string): boolean {
  if (!existsSync(folder)) return false;
  if (addon.lockDirectory(folder)) return true;
  throw new ServiceError('already_running', `another vmoat-dp runs with ${folder}: stop that one first`);
}
