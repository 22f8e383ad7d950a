// The operations that ask the policy: what to allow by what was seen, what a change would do, why a flow is decided so.
import { VmoatError } from '../base/errors.ts';
import { type Evidence, evidenceKey } from '../base/evidence.ts';
import { explanationOf } from '../policy/advice/explanation.ts';
import { additionsText } from '../policy/advice/rules-text.ts';
import {
  AcceptAdvice,
  ExplainQuery,
  Explanation,
  ForgetQuery,
  Forgotten,
  type LearnedRule,
  LearnedRules,
  PlanBody,
  type PlannedChange,
  PolicyPlan,
  Recommendation,
  RecommendQuery,
} from '../policy/advice/shapes.ts';
import type { LearnedRule as Learned } from '../policy/learn/recommend.ts';
import type { PlannedChange as Planned } from '../policy/replay/plan.ts';
import { APPLY_BYTES_MAX, PolicyVersion } from '../policy/shapes.ts';
import { isForgetting } from '../policy/store/state.ts';
import { askedOf } from './explain-query.ts';
import { timeOf } from './flow-query.ts';
import { operation } from './operation.ts';
import { versionOf } from './policy-operations.ts';
import { NoQuery } from './queries.ts';
import type { ApiSources } from './sources.ts';

const HOUR_MS = 3_600_000;
const WINDOW_MS = 7 * 24 * HOUR_MS;

export const adviceOperations = [
  operation({
    method: 'get',
    path: '/policy/recommendation',
    summary: 'Rules that allow what was seen in a window and no rule of the document allows',
    access: 'viewer',
    query: RecommendQuery,
    params: NoQuery,
    answer: Recommendation,
    errors: ['history_unavailable'],
    handle: async ({ sources, query }) => {
      const { rules, additions, ruled, left } = await adviceOf(sources, query);
      return { rules: rules.map(ruleOf), ruled, left, text: additionsText(additions) };
    },
  }),
  operation({
    method: 'post',
    path: '/policy/recommendation/accept',
    summary: 'Writes these rules into the document: a new version; what was learned of them is forgotten',
    access: 'operator',
    query: RecommendQuery,
    params: NoQuery,
    body: AcceptAdvice,
    answer: PolicyVersion,
    errors: ['history_unavailable', 'policy_bad_value', 'policy_pending', 'policy_store_failed'],
    handle: async ({ sources, query, body, caller, changed }) => {
      const { policy, advisor, learner } = sources;
      const advice = await adviceOf(sources, query);
      const reason = body?.reason || `recommended: ${advice.rules.length} rules`;
      const version = await advisor.accept(advice, { author: caller.user || 'web', reason });
      const { evidence } = learner;
      const areRuled = advisor.areRuled(evidence);
      const ruled = new Set(evidence.filter((_, index) => areRuled[index]).map(evidenceKey));
      if (isForgetting(version))
        await learner.forget((each) => ruled.has(evidenceKey(each)), version.version);
      changed({ target: 'policy', after: `version ${version.version}` });
      return versionOf(policy, version);
    },
  }),
  operation({
    method: 'get',
    path: '/policy/learned',
    summary: 'What groups in learn have taught: the section behind all rules of the document',
    access: 'viewer',
    query: NoQuery,
    params: NoQuery,
    answer: LearnedRules,
    handle: ({ sources: { learner } }) => ({
      items: learner.rules.map(ruleOf),
      left: learner.left,
      dropped: learner.dropped,
    }),
  }),
  operation({
    method: 'delete',
    path: '/policy/learned',
    summary: 'Forgets it, or what of it is about one VM: a new version, and a rollback takes that back',
    access: 'operator',
    query: ForgetQuery,
    params: NoQuery,
    answer: Forgotten,
    errors: [
      ...(['workload_unknown', 'name_ambiguous', 'history_unavailable'] as const),
      ...(['policy_pending', 'policy_store_failed'] as const),
    ],
    handle: async ({ sources, query, caller, changed }) => {
      const { learner, policy } = sources;
      const end = query.workload === undefined ? null : sources.endNamed(query.workload, 'workload');
      const before = learner.rules.length;
      const isMeant = ({ from, to }: Evidence): boolean =>
        end === null ||
        [from, to].some(({ id, address }) => ('id' in end ? id === end.id : address === end.address));
      if (!learner.evidence.some(isMeant)) return { rules: before, version: null };
      const reason =
        query.reason || `forget what was learned${query.workload ? ` of ${query.workload}` : ''}`;
      const version = await policy.versions.forget({ author: caller.user || 'web', reason });
      await learner.forget(isMeant, version.version);
      const rules = learner.rules.length;
      changed({ target: 'learned', before: `${before} rules`, after: `${rules} rules` });
      return { rules, version: versionOf(policy, version) };
    },
  }),
  operation({
    method: 'post',
    readOnly: true,
    path: '/policy/plan',
    summary:
      'What a policy would change for the traffic of a window, and what that window says nothing about',
    access: 'viewer',
    query: NoQuery,
    params: NoQuery,
    body: PlanBody,
    bodyBytesMax: APPLY_BYTES_MAX,
    answer: PolicyPlan,
    errors: [
      ...(['policy_syntax', 'policy_unknown_key', 'policy_bad_value'] as const),
      ...(['history_unavailable', 'body_too_large'] as const),
    ],
    handle: async ({ sources, body }) => {
      const { since, until } = windowOf(sources, body);
      const { versions } = sources.policy;
      const wanted = body.text === undefined ? null : await versions.read(body.text, 'the policy');
      const { changes, flows, services, outcomes, coverage, ruleIds } = await sources.advisor.plan(
        wanted,
        since,
        until,
      );
      const windowHours = Math.ceil((until - since) / HOUR_MS);
      return {
        since: new Date(since).toISOString(),
        until: new Date(until).toISOString(),
        flows,
        services,
        outcomes,
        changes: changes.map((change) => changeOf(change, ruleIds)),
        coverage: { ...coverage, windowHours },
      };
    },
  }),
  operation({
    method: 'get',
    path: '/policy/explanation',
    summary: 'Why the policy decides about a flow as it does: one that was recorded, or one that may come',
    access: 'viewer',
    query: ExplainQuery,
    params: NoQuery,
    answer: Explanation,
    errors: ['not_found', 'workload_unknown', 'name_ambiguous', 'history_unavailable'],
    handle: async ({ sources, query }) => {
      const { policy, advisor, counters } = sources;
      return explanationOf(await askedOf(sources, query), {
        policy,
        advisor,
        counters,
        workloads: sources.workloads(),
        enforcing: sources.status().dataplane,
      });
    },
  }),
];

function windowOf({ clock }: ApiSources, given: { since?: string | undefined; until?: string | undefined }) {
  const now = clock.now();
  const until = given.until === undefined ? now : timeOf(given.until, now, 'until');
  const since = given.since === undefined ? until - WINDOW_MS : timeOf(given.since, now, 'since');
  if (since < until) return { since, until };
  throw new VmoatError('bad_request', 'the window ends before it begins', { field: 'until' });
}

function adviceOf(
  sources: ApiSources,
  query: { since?: string | undefined; until?: string | undefined; compaction: string },
) {
  const { since, until } = windowOf(sources, query);
  return sources.advisor.recommend(since, until, Number(query.compaction) as 0 | 1 | 2 | 3);
}

const timeText = (ms: number): string => new Date(ms).toISOString();

const ruleOf = ({ provenance, ...rule }: Learned): LearnedRule => ({
  ...rule,
  provenance: { ...provenance, first: timeText(provenance.first), last: timeText(provenance.last) },
});

function changeOf(
  { change, seen, before, after, ruleBefore, ruleAfter }: Planned,
  ids: ReadonlyMap<number, string>,
): PlannedChange {
  const { from, to, app, proto, port, direction, flows, first, last, example } = seen;
  const idOf = (number: number | null): string | null => (number === null ? null : (ids.get(number) ?? null));
  return {
    change,
    from,
    to,
    app,
    proto,
    port,
    direction,
    flows,
    first: timeText(first),
    last: timeText(last),
    example,
    before,
    after,
    ruleBefore: idOf(ruleBefore),
    ruleAfter: idOf(ruleAfter),
  };
}
