// Every rule of the policy that is live, with what it has decided: those of the document in order, then the learned.
import type { Policy } from '../policy.ts';
import type { Rule } from '../sections/rules.ts';
import type { RuleCounters } from './rule-counters.ts';
import type { CountedRule } from './shapes.ts';

type Counters = Pick<RuleCounters, 'of' | 'ofRule'>;
type Counted = Pick<CountedRule, 'flows' | 'packets' | 'bytes' | 'last' | 'since' | 'watchedMs' | 'idleMs'>;
type Said = Omit<CountedRule, keyof Counted>;

export function countedRules(policy: Policy, counters: Counters, now: number): CountedRule[] {
  const { document, places } = policy.versions.live.policy;
  const own = document.rules.map((rule, index) => ({
    ...said(rule, stateOf(rule, now), places.of(['rules', index, 'id']).line),
    ...counted(counters.ofRule(rule)),
  }));
  const learned = policy.learned.map((rule) => ({
    ...said({ ...rule, action: 'allow' }, 'in effect', null),
    ...counted(counters.of(rule.id)),
  }));
  return [...own, ...learned];
}

function said(rule: Rule, state: Said['state'], line: number | null): Said {
  const { id, from, to, applications = [], ports = [], action, continuous, comment } = rule;
  const text = { ...(continuous && { continuous }), ...(comment !== undefined && { comment }) };
  return { id, line, from, to, applications, ports, action, ...text, state };
}

function stateOf({ disabled, expires }: Rule, now: number): Said['state'] {
  if (disabled) return 'disabled';
  return expires !== undefined && Date.parse(expires) <= now ? 'expired' : 'in effect';
}

const time = (ms: number): string => new Date(ms).toISOString();

function counted(count: ReturnType<Counters['of']>): Counted {
  if (!count)
    return { flows: 0, packets: [0, 0], bytes: [0, 0], last: null, since: null, watchedMs: 0, idleMs: 0 };
  const { flows, packets, bytes, last, since, watched_ms, idle_ms } = count;
  return {
    ...{ flows, packets, bytes, last: last === null ? null : time(last), since: time(since) },
    ...{ watchedMs: Math.round(watched_ms), idleMs: Math.round(idle_ms) },
  };
}
