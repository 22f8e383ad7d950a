// Who an end is to the policy, and whether anything may be learned from it.
import type { Evidence, EvidenceEnd } from '../../base/evidence.ts';

/** Why nothing is learned from some of what was seen. */
export type Unlearned =
  | 'a name that no rule can have'
  | 'direction inferred'
  | 'part of an attack'
  | 'an end is not in learn';

/** Who an end is to the policy. */
export interface Member {
  /** The group that stands for this end alone: `vm.web-1`, `host`, `external`, `multicast`; null: no rule can name it. */
  own: string | null;
  /** The group of its service, and how many VMs that has; null where it has none. */
  service: { name: string; members: number } | null;
  /** Whether all that bears a mode at this end is in learn. */
  learns: boolean;
}
export type MemberOf = (end: EvidenceEnd) => Member;

/** Null: may be learned from. */
export function whyNot(seen: Evidence, memberOf: MemberOf): Unlearned | null {
  if (seen.direction === 'inferred') return 'direction inferred';
  if (seen.flagged) return 'part of an attack';
  const [from, to] = [memberOf(seen.from), memberOf(seen.to)];
  if (from.own === null || to.own === null) return 'a name that no rule can have';
  return from.learns && to.learns ? null : 'an end is not in learn';
}
