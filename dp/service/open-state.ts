// Opens what an earlier run kept: read, checked, compiled once to see that it can be, and brought up to this moment.
import type { Addon } from '../client/addon.ts';
import { carriedOver, leftOf, type Moment, moment } from '../client/deadline.ts';
import type { PolicyError } from '../client/policy.ts';
import { lockFolder } from './folder-lock.ts';
import { type Kept, NOTHING_KEPT, readKept } from './kept.ts';
import type { Log } from './log.ts';
import { ServiceError } from './service-error.ts';
import { StateFile } from './state-file.ts';

export interface OpenState {
  kept: Kept;
  write: (kept: Kept) => Promise<void>;
}

/**
 * What cannot be believed is set aside and told, and vmoat-dp starts without. Throws `already_running` where another
 * vmoat-dp has the folder.
 */
export function openState(
  addon: Pick<Addon, 'lockDirectory' | 'Policy'>,
  folder: string,
  applications: readonly string[],
  log: Log,
  now: () => Moment = moment,
): OpenState {
  const file = new StateFile(folder);
  const write: OpenState['write'] = (kept) => file.write(JSON.stringify(kept));
  try {
    file.makeFolder();
    lockFolder(addon, folder);
  } catch (cause) {
    if (cause instanceof ServiceError) throw cause;
    log('error', 'nothing is kept over a restart', { folder, reason: messageOf(cause) });
    return { kept: NOTHING_KEPT, write };
  }
  try {
    const text = file.read();
    const kept = text === null ? NOTHING_KEPT : upToDate(readKept(text), now(), log);
    for (const tables of [kept.policy, kept.unconfirmed?.previous])
      if (tables) new addon.Policy(tables, applications);
    if (kept.policy) log('info', 'the policy that was kept is in force', { file: file.path });
    return { kept, write };
  } catch (cause) {
    refuse(file, cause, log);
    return { kept: NOTHING_KEPT, write };
  }
}

/** A trial whose time ran out while nobody was there has ended. */
function upToDate(kept: Kept, now: Moment, log: Log): Kept {
  const { unconfirmed } = kept;
  if (!unconfirmed) return kept;
  const { trial, previous, deadline } = unconfirmed;
  if (leftOf(deadline, now) > 0)
    return { ...kept, unconfirmed: { ...unconfirmed, deadline: carriedOver(deadline, now) } };
  log('warn', 'nobody confirmed the policy: the one before it is in force again', { trial });
  const wentBack = { trial, at: new Date(now.wall_ms).toISOString() };
  return { ...kept, policy: previous, unconfirmed: null, wentBack };
}

function refuse(file: StateFile, cause: unknown, log: Log): void {
  const reason = messageOf(cause);
  try {
    log('error', 'what was kept is not believed: starting without', { file: file.setAside(), reason });
  } catch (failure) {
    log('error', 'what was kept is not believed, and stays in the way', {
      file: file.path,
      reason: `${reason}; ${messageOf(failure)}`,
    });
  }
}

/** The evaluator's errors name a field. */
function messageOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const { field } = cause as Partial<PolicyError>;
  return field ? `${field}: ${cause.message}` : cause.message;
}
