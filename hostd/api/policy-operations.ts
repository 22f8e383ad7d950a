// The operations on the policy: read, applied, confirmed, rolled back; its groups and their modes.
import { z } from 'zod';
import { unifiedDiff } from '../base/text-diff.ts';
import { policyDiff } from '../policy/document/diff.ts';
import { policyJsonSchema } from '../policy/document/json-schema.ts';
import { EMPTY_TEXT } from '../policy/document/schema.ts';
import { GroupView } from '../policy/groups/group-view.ts';
import type { Policy } from '../policy/policy.ts';
import {
  AcceptBody,
  APPLY_BYTES_MAX,
  ApplyBody,
  DiffQuery,
  GroupProposal,
  IsolateBody,
  Lint,
  LivePolicy,
  ModeBody,
  PolicyChanges,
  PolicyText,
  PolicyVersion,
  RollbackBody,
  VersionParam,
} from '../policy/shapes.ts';
import type { VersionInfo } from '../policy/store/state.ts';
import { refuseCutOff } from './cut-off-guard.ts';
import { type Change, type Operation, operation } from './operation.ts';
import { IdParam, NoQuery } from './queries.ts';
import { Page } from './schema.ts';
import { findWorkload } from './workload-name.ts';

const reads = { method: 'get', query: NoQuery, params: NoQuery, access: 'viewer', area: 'policy' } as const;
const changes = { method: 'post', query: NoQuery, params: NoQuery, access: 'admin', area: 'policy' } as const;
const whole = <T>(items: T[]) => ({ items, next: null });
const timeText = (ms: number): string => new Date(ms).toISOString();

export const policyOperations: Operation[] = [
  operation({
    ...reads,
    path: '/policy',
    summary: 'The policy that is live',
    answer: LivePolicy,
    handle: ({ sources: { policy } }) => {
      const { version, text } = policy.versions.live;
      return {
        version: version === null ? null : versionOf(policy, policy.versions.info(version)),
        text,
        defaultMode: policy.defaultMode,
        generation: policy.tables.generation,
      };
    },
  }),
  operation({
    ...changes,
    path: '/policy',
    summary: 'Applies a policy: a new version, which is live at once',
    body: ApplyBody,
    bodyBytesMax: APPLY_BYTES_MAX,
    answer: PolicyVersion,
    errors: [
      ...(['policy_syntax', 'policy_unknown_key', 'policy_bad_value', 'policy_conflict'] as const),
      ...(['policy_base_missing', 'policy_pending', 'policy_store_failed', 'body_too_large'] as const),
      'would_cut_off',
    ],
    handle: async ({ sources, body, caller, changed }) => {
      const { policy } = sources;
      await refuseCutOff(sources, body, () => policy.versions.read(body.text, body.source ?? 'the policy'));
      const { text, base, source = null, confirmWithinMs: confirmWithin_ms = null, reason } = body;
      const author = caller.user || 'web';
      const wanted = { text, author, reason, source, confirmWithin_ms, base };
      return versionOf(policy, await audited(policy, changed, () => policy.versions.apply(wanted)));
    },
  }),
  operation({
    ...changes,
    path: '/policy/confirm',
    summary: 'Keeps the version that waits to be confirmed',
    answer: PolicyVersion,
    errors: ['policy_not_pending', 'policy_store_failed'],
    handle: async ({ sources: { policy }, caller }) =>
      versionOf(policy, await policy.versions.confirm(caller.user || 'web')),
  }),
  operation({
    ...changes,
    path: '/policy/withdraw',
    summary: 'Rolls the version back that waits to be confirmed',
    answer: PolicyVersion,
    errors: ['policy_not_pending', 'policy_store_failed', 'policy_store_broken'],
    handle: async ({ sources: { policy }, changed }) => {
      const { version } = policy.versions.pending ?? {};
      await audited(policy, changed, () => policy.versions.withdraw());
      return versionOf(policy, policy.versions.info(version ?? 0));
    },
  }),
  operation({
    ...reads,
    path: '/policy/versions',
    summary: 'Every version, the newest first',
    answer: Page(PolicyVersion),
    handle: ({ sources: { policy } }) =>
      whole([...policy.versions.list].reverse().map((info) => versionOf(policy, info))),
  }),
  operation({
    ...reads,
    path: '/policy/versions/{id}',
    summary: 'A version with its text',
    params: VersionParam,
    answer: PolicyText,
    errors: ['policy_version_unknown', 'policy_store_broken'],
    handle: async ({ sources: { policy }, params: { id } }) => ({
      version: versionOf(policy, policy.versions.info(id)),
      text: await policy.versions.text(id),
    }),
  }),
  operation({
    ...changes,
    path: '/policy/versions/{id}/rollback',
    summary: 'Makes a new version with the text of an old one, live at once',
    params: VersionParam,
    body: RollbackBody,
    answer: PolicyVersion,
    errors: [
      ...([
        'policy_version_unknown',
        'policy_pending',
        'policy_store_failed',
        'policy_store_broken',
      ] as const),
      'would_cut_off',
    ],
    handle: async ({ sources, params: { id }, body, caller, changed }) => {
      const { policy } = sources;
      await refuseCutOff(sources, body ?? {}, async () =>
        policy.versions.read(await policy.versions.text(id), 'the policy'),
      );
      const by = { author: caller.user || 'web', reason: body?.reason ?? '' };
      const confirmWithin_ms = body?.confirmWithinMs ?? null;
      const back = () => policy.versions.rollback(id, { ...by, confirmWithin_ms });
      return versionOf(policy, await audited(policy, changed, back));
    },
  }),
  operation({
    ...reads,
    path: '/policy/diff',
    summary: 'What differs between two versions, by group and rule and as text',
    query: DiffQuery,
    answer: PolicyChanges,
    errors: ['policy_version_unknown', 'policy_store_broken'],
    handle: ({ sources: { policy }, query }) => difference(policy, query),
  }),
  operation({
    ...reads,
    path: '/policy/lint',
    summary: 'What is odd about the policy that is live',
    answer: Lint,
    handle: ({ sources: { policy, counters } }) =>
      policy.lint((rule) => {
        const count = counters.ofRule(rule);
        return count && { hasMatched: count.last !== null, watched_ms: count.watched_ms };
      }),
  }),
  operation({
    ...reads,
    path: '/policy/schema',
    summary: 'The JSON Schema of policy documents',
    answer: z.record(z.string(), z.unknown()),
    handle: () => policyJsonSchema(),
  }),
  operation({
    ...reads,
    path: '/groups',
    summary: 'Every group: of the document, automatic and built in, with members and modes',
    answer: Page(GroupView),
    handle: ({ sources: { policy } }) => whole(policy.groups()),
  }),
  operation({
    ...reads,
    path: '/groups/{id}',
    summary: 'One group, by name',
    params: IdParam,
    answer: GroupView,
    errors: ['group_unknown'],
    handle: ({ sources: { policy }, params: { id } }) => policy.group(id),
  }),
  operation({
    ...changes,
    path: '/groups/{id}/mode',
    summary: 'Sets the mode of a group in the document: a new version',
    params: IdParam,
    body: ModeBody,
    answer: PolicyVersion,
    errors: ['group_unknown', 'policy_pending', 'policy_store_failed', 'would_cut_off'],
    handle: async ({ sources, params: { id }, body, caller, changed }) => {
      const { policy } = sources;
      const { mode, reason } = body;
      await refuseCutOff(sources, body, () => policy.withMode(id, mode));
      const set = () => policy.setMode(id, mode, { author: caller.user || 'web', reason });
      return versionOf(policy, await audited(policy, changed, set));
    },
  }),
  operation({
    ...reads,
    path: '/group-proposals',
    summary: 'Groups that VMs seem to make by their names and tags, and that the document does not have',
    answer: Page(GroupProposal),
    handle: ({ sources: { policy } }) => whole(policy.proposals()),
  }),
  operation({
    ...changes,
    path: '/group-proposals/{id}/accept',
    summary: 'Writes a proposed group into the document: a new version',
    params: IdParam,
    body: AcceptBody,
    answer: PolicyVersion,
    errors: ['group_unknown', 'policy_bad_value', 'policy_pending', 'policy_store_failed'],
    handle: async ({ sources: { policy }, params: { id }, body, caller, changed }) => {
      const by = { author: caller.user || 'web', reason: body?.reason ?? '' };
      const accept = () => policy.accept(id, body?.name ?? id, by);
      return versionOf(policy, await audited(policy, changed, accept));
    },
  }),
  isolation('isolate', 'Cuts a VM off: nothing from it and to it is allowed any more, in a new version'),
  isolation('release', 'Takes the isolation of a VM back: a new version'),
];

function isolation(verb: 'isolate' | 'release', summary: string): Operation {
  return operation({
    ...changes,
    path: `/workloads/{id}/${verb}`,
    summary,
    params: IdParam,
    body: IsolateBody,
    answer: PolicyVersion,
    errors: [
      ...(['workload_unknown', 'name_ambiguous', 'policy_pending', 'policy_store_failed'] as const),
      verb === 'isolate' ? 'name_taken' : 'not_found',
    ],
    handle: async ({ sources, params, body, caller, changed }) => {
      const { policy } = sources;
      const { id: uuid, name } = findWorkload(sources.workloads(), params.id, 'id');
      const by = { author: caller.user || 'web', reason: body?.reason ?? '' };
      const job = () => policy[verb]({ uuid, name }, by);
      return versionOf(policy, await audited(policy, changed, job));
    },
  });
}

/** For the log of changes: what was live before, and what is now. */
async function audited<T>(
  { versions }: Policy,
  changed: (change: Change) => void,
  job: () => Promise<T>,
): Promise<T> {
  const live = (): string | null =>
    versions.live.version === null ? null : `version ${versions.live.version}`;
  const before = live();
  const done = await job();
  changed({ before, after: live() });
  return done;
}

export function versionOf({ versions }: Policy, info: VersionInfo): PolicyVersion {
  const { at, sha256: _sha256, fate, forgets: _forgets, ...said } = info;
  const pending = versions.pending?.version === info.version ? versions.pending : null;
  const isLive = versions.live.version === info.version;
  const kept = isLive ? 'live' : 'past';
  return {
    ...said,
    at: timeText(at),
    state: pending ? 'pending' : fate === 'kept' ? kept : fate,
    confirmBy: pending && timeText(pending.deadline),
  };
}

async function difference({ versions }: Policy, query: z.infer<typeof DiffQuery>): Promise<PolicyChanges> {
  const to = query.to ?? versions.live.version ?? 0;
  const from = query.from ?? (to === 0 ? 0 : (versions.info(to).base ?? 0));
  const textOf = async (version: number) => (version === 0 ? EMPTY_TEXT : versions.text(version));
  const [before, after] = [await textOf(from), await textOf(to)];
  return {
    from,
    to,
    changes: policyDiff(await versions.document(from), await versions.document(to)),
    text: unifiedDiff(before, after, [`version ${from}`, `version ${to}`]),
  };
}
