// What was seen between two ends on one service, over a window: what rules are learned from.
import type { WorkloadRef } from '../../api/schema.ts';

export interface EvidenceEnd {
  kind: WorkloadRef['kind'];
  id: string;
  name: string;
  /** Of an end that is no VM. */
  address: string | null;
}

export interface Evidence {
  from: EvidenceEnd;
  to: EvidenceEnd;
  /** Layers joined by `/`; null: not recognised. */
  app: string | null;
  confidence: 'sure' | 'guess' | null;
  /** IANA's keyword in lower case. */
  proto: string;
  /** The server's port; ICMP: type × 256 + code; 0 where the protocol has none. */
  port: number;
  /** Whether it was seen who began. */
  direction: 'seen' | 'inferred';
  /** Some of these flows were part of an attack or an oddity of addresses. */
  flagged: boolean;
  flows: number;
  /** ms since the epoch */
  first: number;
  last: number;
  /** Id of one of the flows. */
  example: string;
}

/** Why nothing is learned from some of what was seen. */
export type Unlearned = 'direction inferred' | 'part of an attack' | 'an end is not in learn';

/** Who an end is to the policy. */
export interface Member {
  /** The group that stands for this end alone: `vm.web-1`, `host`, `external`. */
  own: string;
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
  return memberOf(seen.from).learns && memberOf(seen.to).learns ? null : 'an end is not in learn';
}
