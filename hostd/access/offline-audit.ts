// An entry of the audit log written by root while vmoat-hostd, whose log it is, does not run.
import { chownSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { messageOf, VmoatError } from '../base/errors.ts';
import { AuditLog, type NewEntry } from './audit-log.ts';

/** Rejects with `audit_failed`, also where vmoat-hostd never ran. */
export async function appendOffline(folder: string, clock: Clock, entry: NewEntry): Promise<void> {
  const { uid, gid } = ownerOf(folder);
  const log = new AuditLog(folder, clock);
  await log.append(entry).finally(() => log.close());
  // The file may be new, and vmoat-hostd has to go on with it.
  for (const name of readdirSync(folder)) chownSync(join(folder, name), uid, gid);
}

function ownerOf(folder: string): { uid: number; gid: number } {
  try {
    return statSync(folder);
  } catch (cause) {
    throw new VmoatError('audit_failed', `there is no audit log: ${messageOf(cause)}`, { cause });
  }
}
