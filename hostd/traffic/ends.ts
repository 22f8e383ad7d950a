// Who the two ends of a flow are, as traffic asks for it.
import type { WorkloadRef } from '../api/schema.ts';

/** What a flow record says about where its ends are; kept with a live flow to ask again later. */
export interface FlowEnds {
  segment: number;
  src: string;
  dst: string;
  srcMac: string;
  dstMac: string;
  /** NIC slots; 0: not a tap of this host. */
  srcSlot: number;
  dstSlot: number;
}

export interface NamedEnds {
  from: WorkloadRef;
  to: WorkloadRef;
  segment: string;
}

/** Answers from what is known now; later answers may be better. */
export type NameEnds = (ends: FlowEnds) => NamedEnds;

export const sameEnds = (a: NamedEnds, b: NamedEnds): boolean =>
  a.segment === b.segment && sameRef(a.from, b.from) && sameRef(a.to, b.to);

const sameRef = (a: WorkloadRef, b: WorkloadRef): boolean =>
  a.id === b.id && a.kind === b.kind && a.name === b.name && a.nic === b.nic && a.why === b.why;
