// What asks the policy and what learns for it, joined to the history that they look at.
import { compilePolicy } from '../dp/client/index.ts';
import type { Clock } from './base/clock.ts';
import type { Log } from './base/log.ts';
import type { Dataplane } from './dataplane/dataplane.ts';
import type { Emit } from './events/events.ts';
import type { History } from './history/history.ts';
import type { Names } from './names/names.ts';
import { Advisor } from './policy/advice/advisor.ts';
import type { RuleCounters } from './policy/counters/rule-counters.ts';
import { Unused, unusedText } from './policy/counters/unused.ts';
import { Learner } from './policy/learn/learner.ts';
import type { Policy } from './policy/policy.ts';
import { Promotions } from './policy/promotions.ts';
import { FORGETS_MAX } from './policy/versions.ts';

export interface AdviceParts {
  clock: Clock;
  log: Log;
  policy: Policy;
  history: History;
  names: Names;
  dataplane: Dataplane;
  emit: Emit;
  counters: RuleCounters;
  /** `policy.unusedDays` */
  unusedDays: number;
}

const DAY_MS = 86_400_000;
/** An event that names all rules of a large policy would help nobody. */
const SUBJECTS_MAX = 50;

export function openAdvice(parts: AdviceParts) {
  const advisor = openAdvisor(parts);
  const learner = openLearner(parts, advisor);
  return {
    advisor,
    learner,
    promotions: openPromotions(parts, learner),
    unused: openUnused(parts, learner),
  };
}

function openAdvisor({ policy, history, names, dataplane }: AdviceParts): Advisor {
  return new Advisor({
    policy,
    compile: (tables) => {
      const applications = dataplane.state.welcome?.registry.applications;
      return compilePolicy(tables, applications && { applications });
    },
    evidence: (since, until) => history.evidence(since, until),
    hours: (since, until) => history.hours(since, until),
    namesOf: (address) => names.of(address),
  });
}

function openLearner({ clock, log, policy, history }: AdviceParts, advisor: Advisor): Learner {
  return new Learner({
    clock,
    log,
    begun: (since, until) => history.begun(since, until),
    members: () => advisor.memberOf,
    isRuled: (evidence) => advisor.areRuled(evidence),
    load: () => history.learned(),
    save: (changed, until) => history.keepLearned(changed, until),
    forgets: () => policy.versions.forgets,
    forget: (version, keys) => history.forgetLearned(version, keys, FORGETS_MAX),
    follow: (versions) => history.followLearned(versions),
    use: (rules) => policy.learn(rules),
  });
}

function openPromotions({ clock, log, policy, history, emit }: AdviceParts, learner: Learner): Promotions {
  return new Promotions({
    clock,
    log,
    policy,
    evidence: (since, until) => history.evidence(since, until),
    hours: (since, until) => history.hours(since, until),
    learned: () => learner.evidence,
    violations: (since) => history.violators(since),
    onDue: (group, { to, at }) => {
      const due = new Date(at).toISOString();
      const text = `group ${group} goes to ${to} at ${due} unless something happens before`;
      const subjects = [{ kind: 'group' as const, id: group, name: group }];
      emit('promotion-due', { text, subjects, data: { group, to, at: due } });
    },
  });
}

function openUnused({ clock, policy, counters, emit, unusedDays }: AdviceParts, learner: Learner): Unused {
  return new Unused({
    clock,
    policy,
    counters,
    learner,
    after_ms: unusedDays * DAY_MS,
    onProposed: (ids, after_ms) => {
      const subjects = ids.slice(0, SUBJECTS_MAX).map((id) => ({ kind: 'rule' as const, id, name: id }));
      const data = { rules: ids.length, days: unusedDays };
      emit('rules-unused', { text: unusedText(ids, after_ms), subjects, data });
    },
  });
}
