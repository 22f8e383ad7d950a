// Beginning and ending panic: the map first, then the guard, then whoever keeps a record; no record is worth a delay.
import { messageOf, VmoatError } from '../../base/errors.ts';
import type { PanicWorld } from './world.ts';

export interface PanicParts {
  world: PanicWorld;
  /** ms since the epoch */
  now: () => number;
  /** Who does it. */
  user: string;
  /** Into the audit log; `until` null: it was ended. */
  audit: (until: string | null) => Promise<void>;
  /** What did not work besides. */
  warn: (text: string) => void;
}

/** Until when nothing is dropped or held (RFC 3339). Throws `nothing_enforced` where nothing was anyway. */
export async function beginPanic(parts: PanicParts, seconds: number): Promise<string> {
  const { world, now } = parts;
  const isPinned = needRoot(world).isPinned();
  if (isPinned) world.panic(seconds);
  const hadGuard = await tried(
    parts,
    'the static guard (nft table netdev vmoat_guard) stays',
    world.removeGuard(),
  );
  if (!isPinned && !hadGuard) throw nothingEnforced();
  const until = new Date(now() + seconds * 1000).toISOString();
  await record(
    parts,
    until,
    isPinned ? `all traffic is let pass until ${until}` : 'the static guard was removed',
  );
  if (isPinned) return until;
  throw new VmoatError(
    'nothing_enforced',
    'vmoat-dp has pinned nothing; the static guard was there, and is removed now',
  );
}

/** False where there was no panic. */
export async function endPanic(parts: PanicParts): Promise<boolean> {
  const { world } = parts;
  if (!needRoot(world).isPinned()) throw nothingEnforced();
  if (world.left() === 0) return false;
  world.panic(0);
  await record(parts, null, 'the policy is enforced again');
  return true;
}

const nothingEnforced = (): VmoatError =>
  new VmoatError('nothing_enforced', 'vmoat enforces nothing on this host: vmoat-dp has pinned nothing', {
    hint: 'what drops is somebody else: `vmoat doctor`',
  });

function needRoot(world: PanicWorld): PanicWorld {
  if (world.isRoot) return world;
  throw new VmoatError('root_needed', 'only root may do this', { hint: 'run it with sudo' });
}

async function record(parts: PanicParts, until: string | null, says: string): Promise<void> {
  const line = `panic: ${says} (by ${parts.user})`;
  await tried(parts, 'the journal has no line of it', parts.world.journal(line));
  await tried(parts, 'the audit log has no entry of it', parts.audit(until));
}

/** null where it failed, which is said. */
async function tried<T>({ warn }: PanicParts, says: string, job: Promise<T>): Promise<T | null> {
  try {
    return await job;
  } catch (thrown) {
    warn(`${says}: ${messageOf(thrown)}`);
    return null;
  }
}
