// What rules decide: what one batch of flow records adds to a rule, and what is kept of it.

/** Packets or bytes. */
export type BothWays = [toServer: number, toClient: number];

/** Times in ms since the epoch. */
export interface RuleGain {
  /** Its id. */
  rule: string;
  /** Flows that it began to decide. */
  flows: number;
  packets: BothWays;
  bytes: BothWays;
  /** When the latest of these packets was seen. */
  last: number;
}

/** A rule's counters; times in ms since the epoch. */
export interface RuleCount {
  id: string;
  /** What it says; once it says something else, it is counted anew. */
  meaning: string;
  /** Counted since then. */
  since: number;
  flows: number;
  packets: BothWays;
  bytes: BothWays;
  /** When it last decided about a packet; null: never. */
  last: number | null;
  /** For how long it was watched, and how much of that is since it decided last; both as of `reading`. */
  watched_ms: number;
  idle_ms: number;
  /** Of the time that was watched in all; null: it is not watched now, so that both stand still. */
  reading: number | null;
  /** When it left the policy in force; null: it is there. */
  gone: number | null;
  /** It was told of as unused, and has decided nothing since. */
  told: boolean;
}

/** Everything that is kept, as of a moment. */
export interface RuleCounts {
  rules: RuleCount[];
  /** Time that was watched in all, ms. */
  watched_ms: number;
}

export const addBoth = (a: BothWays, b: Readonly<BothWays>): BothWays => [a[0] + b[0], a[1] + b[1]];
