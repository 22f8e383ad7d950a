// What was seen between two ends on one service, over a window: what policy is learned from and tried on.

export interface EvidenceEnd {
  kind: 'vm' | 'host' | 'network' | 'multicast' | 'broadcast' | 'external';
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

const endKey = ({ kind, id, address }: EvidenceEnd): string => `${kind}\n${id}\n${address}`;

/** Two that have the same are one with more flows. */
export const evidenceKey = ({
  from,
  to,
  app,
  confidence,
  proto,
  port,
  direction,
  flagged,
}: Evidence): string =>
  [endKey(from), endKey(to), app, confidence, proto, port, direction, flagged].join('\n');

/** Of two with the same key; the later name and example count. */
export const joinedEvidence = (a: Evidence, b: Evidence): Evidence => ({
  ...(a.last > b.last ? a : b),
  flows: a.flows + b.flows,
  first: Math.min(a.first, b.first),
  last: Math.max(a.last, b.last),
});
