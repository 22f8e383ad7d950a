// Whether a group may go one mode further by itself: long enough quiet, and enough seen for the quiet to mean something.
import type { Mode } from '../base/modes.ts';
import { durationMs } from './document/words.ts';
import type { Group } from './sections/groups.ts';

/** What is known of a group, times in ms since the epoch. */
export interface PromotionFacts {
  mode: Mode;
  /** Since when it bears this mode. */
  since: number;
  /** When something new was last learned of a member; null: never. */
  learned: number | null;
  /** When a member last took part in a violation; null: never. */
  violated: number | null;
  members: number;
  /** Members that were seen speaking since `seenSince`. */
  membersSeen: number;
  /** Beginnings of hours with traffic. */
  hours: readonly number[];
  now: number;
}

export interface Promotion {
  to: Mode;
  /** When it is due, if nothing happens before. */
  at: number;
  /** What is missing for it, each as a sentence; empty: nothing. */
  missing: string[];
}

const HOUR_MS = 3_600_000;
const WEEK_MS = 7 * 24 * HOUR_MS;
const SHARE = 0.8;

/** null: the group is not to be promoted from where it is. */
export function promotionOf(promote: Group['promote'], facts: PromotionFacts): Promotion | null {
  const { mode, since, learned, violated } = facts;
  if (mode === 'learn' && promote?.monitorAfter)
    return promotion('monitor', durationMs(promote.monitorAfter), Math.max(since, learned ?? 0), facts);
  if (mode === 'monitor' && promote?.protectAfter)
    return promotion('protect', durationMs(promote.protectAfter), Math.max(since, violated ?? 0), facts);
  return null;
}

function promotion(to: Mode, after_ms: number, quietSince: number, facts: PromotionFacts): Promotion {
  return { to, at: quietSince + after_ms, missing: missingOf(after_ms, facts) };
}

function missingOf(after_ms: number, { hours, members, membersSeen, now }: PromotionFacts): string[] {
  const missing: string[] = [];
  const watched = hours.filter((hour) => hour >= now - after_ms);
  const wanted = Math.floor((after_ms / HOUR_MS) * SHARE);
  if (watched.length < wanted)
    missing.push(`traffic was seen in ${watched.length} of the last ${Math.ceil(after_ms / HOUR_MS)} hours`);
  const weekdays = new Set(watched.map((hour) => new Date(hour).getUTCDay())).size;
  if (after_ms >= WEEK_MS && weekdays < 7) missing.push(`only ${weekdays} days of the week were seen`);
  if (members === 0) missing.push('it has no members');
  else if (membersSeen < members * SHARE) missing.push(`${membersSeen} of its ${members} VMs were seen`);
  return missing;
}
