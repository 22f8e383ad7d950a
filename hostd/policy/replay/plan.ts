// What would change if a policy were applied, by the traffic of a window; and what that window says nothing about.
import type { PolicyDecision } from '../../../dp/client/index.ts';
import type { Evidence } from '../../base/evidence.ts';
import { type Judge, replay } from './replay.ts';

/** `violation`: passes, and no rule allows it or one denies it. */
export type Outcome = 'allow' | 'violation' | 'deny';

/** The worst first. */
export const CHANGES = ['denied', 'violating', 'allowed', 'covered'] as const;
/** `denied`: no longer passes. `violating`: passes as a violation. `allowed`: passes again. `covered`: no violation any more. */
export type Change = (typeof CHANGES)[number];

export interface PlannedChange {
  change: Change;
  /** An edge and service, with how many flows, when, and one of them. */
  seen: Evidence;
  before: Outcome;
  after: Outcome;
  /** Numbers of the rules that decide; null: the modes do. */
  ruleBefore: number | null;
  ruleAfter: number | null;
}

export interface Plan {
  changes: PlannedChange[];
  flows: number;
  /** Edges and services. */
  services: number;
  /** Flows by what becomes of them. */
  outcomes: Record<Outcome, number>;
  /** Numbers of the rules that decided about anything, with how many flows. */
  rules: Map<number, number>;
}

/** The worst changes first, those of most flows first among them. */
export function plan(evidence: readonly Evidence[], before: Judge, after: Judge): Plan {
  const was = replay(evidence, before);
  const will = replay(evidence, after);
  const found: Plan = {
    changes: [],
    flows: 0,
    services: evidence.length,
    outcomes: { allow: 0, violation: 0, deny: 0 },
    rules: new Map(),
  };
  evidence.forEach((seen, index) => {
    const [old, next] = [was[index], will[index]];
    if (!old || !next) return;
    found.flows += seen.flows;
    found.outcomes[outcomeOf(next)] += seen.flows;
    if (next.rule !== null) found.rules.set(next.rule, (found.rules.get(next.rule) ?? 0) + seen.flows);
    const change = changeOf(outcomeOf(old), outcomeOf(next));
    if (change) found.changes.push(planned(change, seen, old, next));
  });
  found.changes.sort(byWeight);
  return found;
}

const planned = (
  change: Change,
  seen: Evidence,
  old: PolicyDecision,
  next: PolicyDecision,
): PlannedChange => ({
  change,
  seen,
  before: outcomeOf(old),
  after: outcomeOf(next),
  ruleBefore: old.rule,
  ruleAfter: next.rule,
});

const outcomeOf = ({ verdict, violation }: PolicyDecision): Outcome => {
  if (verdict === 'deny') return 'deny';
  return violation ? 'violation' : 'allow';
};

function changeOf(before: Outcome, after: Outcome): Change | null {
  if (before === after) return null;
  if (after === 'deny') return 'denied';
  if (before === 'deny') return 'allowed';
  return after === 'violation' ? 'violating' : 'covered';
}

const byWeight = (a: PlannedChange, b: PlannedChange): number =>
  CHANGES.indexOf(a.change) - CHANGES.indexOf(b.change) || b.seen.flows - a.seen.flows;
