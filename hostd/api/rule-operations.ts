// The operations on single rules: what each has decided, and which are unused and may go.
import { countedRules } from '../policy/counters/rule-list.ts';
import {
  CountedRule,
  RemovedRules,
  RemoveUnused,
  RulesQuery,
  UnusedQuery,
  UnusedRules,
} from '../policy/counters/shapes.ts';
import { operation } from './operation.ts';
import { versionOf } from './policy-operations.ts';
import { NoQuery } from './queries.ts';
import { Page } from './schema.ts';

export const ruleOperations = [
  operation({
    method: 'get',
    path: '/policy/rules',
    summary: 'Every rule that is live, learned ones last, with what it has decided and when it last did',
    access: 'viewer',
    query: RulesQuery,
    params: NoQuery,
    answer: Page(CountedRule),
    handle: ({ sources: { policy, counters, clock }, query: { unusedFor } }) => {
      const rules = countedRules(policy, counters, clock.now());
      const isWanted = ({ state, since, idleMs }: CountedRule): boolean =>
        unusedFor === undefined || (state === 'in effect' && since !== null && idleMs >= unusedFor);
      return { items: rules.filter(isWanted), next: null };
    },
  }),
  operation({
    method: 'get',
    path: '/policy/unused',
    summary: 'Rules that allow and decided nothing for so long that they are proposed for removal',
    access: 'viewer',
    query: UnusedQuery,
    params: NoQuery,
    answer: UnusedRules,
    handle: async ({ sources: { unused }, query }) => {
      const after_ms = query.for ?? unused.after_ms;
      const items = unused.list(after_ms);
      return { afterMs: after_ms, items, diff: await unused.diff(items) };
    },
  }),
  operation({
    method: 'post',
    path: '/policy/unused/remove',
    summary: 'Takes them, or some of them, out: a new version; those that were learned are forgotten',
    access: 'operator',
    query: UnusedQuery,
    params: NoQuery,
    body: RemoveUnused,
    answer: RemovedRules,
    errors: ['not_found', 'policy_pending', 'policy_store_failed', 'history_unavailable'],
    handle: async ({ sources: { unused, policy }, query, body, caller, changed }) => {
      const by = { author: caller.user || 'web', reason: body?.reason ?? '' };
      const done = await unused.remove(body?.rules ?? null, query.for ?? unused.after_ms, by);
      const { version, removed, forgotten } = done;
      const before = `${removed.length + forgotten.length} rules`;
      changed({ target: 'policy', before, after: version && `version ${version.version}` });
      return { version: version && versionOf(policy, version), removed, forgotten };
    },
  }),
];
