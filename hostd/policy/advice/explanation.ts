// The policy's answer about a flow with everything that led to it.
import type { PolicyEvidence, PolicyEvidenceEnd } from '../../../dp/client/index.ts';
import type { PolicyTables } from '../../../dp/contract/policy.ts';
import type { Workload } from '../../api/schema.ts';
import type { EvidenceEnd } from '../../base/evidence.ts';
import type { RuleCounters } from '../counters/rule-counters.ts';
import { becauseOf } from '../groups/because.ts';
import type { Policy } from '../policy.ts';
import type { Advisor, Question } from './advisor.ts';
import { type EnforcingState, enforcementOf } from './enforcement.ts';
import type { Explanation } from './shapes.ts';

export interface Asked extends Question {
  /** How the addresses of both ends were resolved. */
  why: [from: string | null, to: string | null];
  recorded: Explanation['recorded'];
}

interface Sources {
  policy: Policy;
  advisor: Advisor;
  counters: Pick<RuleCounters, 'of'>;
  workloads: readonly Workload[];
  enforcing: EnforcingState;
}

const vmOf = ({ workloads }: Pick<Sources, 'workloads'>, end: EvidenceEnd): Workload | undefined =>
  end.kind === 'vm' ? workloads.find(({ id }) => id === end.id) : undefined;

export function explanationOf(asked: Asked, sources: Sources): Explanation {
  const { tables } = sources.policy;
  const evidence = sources.advisor.explain(asked);
  const { decision } = evidence;
  const [from, to] = decision.reversed ? [asked.to, asked.from] : [asked.from, asked.to];
  const [whyFrom, whyTo] = decision.reversed ? [asked.why[1], asked.why[0]] : asked.why;
  const places = ruleLines(sources);
  const endIn = (side: 'from' | 'to', end: EvidenceEnd, { mode, groups }: PolicyEvidenceEnd) => ({
    ...{ side, mode, groups, vm: vmOf(sources, end) },
  });
  const idOf = (number: number | null): string | null =>
    tables.rules.find((rule) => rule.number === number)?.id ?? null;
  return {
    from: endOf(sources, tables, from, evidence.from, whyFrom),
    to: endOf(sources, tables, to, evidence.to, whyTo),
    proto: asked.proto,
    port: asked.port,
    app: asked.app,
    reversed: decision.reversed,
    rules: evidence.rules.map(({ number, match }) => {
      const id = idOf(number) ?? String(number);
      const { flows = 0, last = null } = sources.counters.of(id) ?? {};
      const matched = last === null ? null : new Date(last).toISOString();
      return { id, line: places.get(id) ?? null, match, flows, last: matched };
    }),
    rulesLeftOut: evidence.rulesLeftOut,
    ...decidedOf(evidence, idOf),
    enforcement: enforcementOf(
      [endIn('from', from, evidence.from), endIn('to', to, evidence.to)],
      asked,
      tables,
      sources.enforcing,
    ),
    recorded: asked.recorded,
  };
}

function decidedOf({ decision }: PolicyEvidence, idOf: (number: number | null) => string | null) {
  const { verdict, final, violation, decidedBy, rule } = decision;
  return {
    verdict,
    final,
    violation,
    decidedBy: decidedBy === 'rule' || decidedBy === 'mode' ? decidedBy : null,
    rule: idOf(rule),
  };
}

/** Line of each rule of the document that is live, by id. */
function ruleLines({ policy }: Sources): Map<string, number> {
  const { document, places } = policy.versions.live.policy;
  return new Map(document.rules.map(({ id }, index) => [id, places.of(['rules', index, 'id']).line]));
}

function endOf(
  sources: Sources,
  tables: PolicyTables,
  end: EvidenceEnd,
  { groups, mode, modeGroup }: PolicyEvidenceEnd,
  why: string | null,
): Explanation['from'] {
  const { policy } = sources;
  const vm = vmOf(sources, end);
  const facts = vm ? policy.facts(vm) : null;
  const names = groups.flatMap((index) => tables.groups[index]?.name ?? []);
  const modeFrom = vm ? vm.modeFrom : modeGroup === null ? null : (tables.groups[modeGroup]?.name ?? null);
  return {
    end,
    why,
    nics: (vm?.nics ?? []).map(({ tap, segment, hook }) => ({ tap, segment, hook })),
    groups: names.map((name) => ({ name, because: becauseOf(name, end, policy.document, facts) })),
    mode,
    modeFrom,
  };
}
