// What the operator asks the policy: what to allow by what was seen, what a change would do, why a flow is decided so.
import type { CompiledPolicy, PolicyEvidence } from '../../../dp/client/index.ts';
import { protocolNumber } from '../../../dp/client/index.ts';
import type { PolicyTables } from '../../../dp/contract/policy.ts';
import type { Evidence, EvidenceEnd } from '../../base/evidence.ts';
import type { Edit } from '../document/edits.ts';
import type { ReadPolicy } from '../document/parse.ts';
import { VM_PREFIX } from '../document/words.ts';
import type { Unplaced } from '../groups/membership.ts';
import { type MemberOf, type Unlearned, whyNot } from '../learn/member.ts';
import { type Compaction, type LearnedRule, recommend } from '../learn/recommend.ts';
import type { Candidate, Policy } from '../policy.ts';
import { type Coverage, coverageOf } from '../replay/coverage.ts';
import { type ManagementFlow, wouldBeCut } from '../replay/management.ts';
import { type Plan, plan } from '../replay/plan.ts';
import { type Judge, replay } from '../replay/replay.ts';
import type { VersionInfo } from '../store/state.ts';
import type { NewVersion } from '../versions.ts';
import { groupNames, judgeOf } from './judge.ts';
import { membersOf } from './members.ts';
import { type Additions, additionsOf } from './rules-text.ts';

export interface AdvisorOptions {
  policy: Policy;
  compile: (tables: PolicyTables) => CompiledPolicy;
  /** What was seen in a window, ms since the epoch. */
  evidence: (since: number, until: number) => Promise<Evidence[]>;
  hours: (since: number, until: number) => Promise<number[]>;
  namesOf: (address: string) => readonly string[];
}

export interface Advice {
  rules: LearnedRule[];
  additions: Additions;
  /** Flows that rules let pass already, and flows that nothing was learned from, by reason. */
  ruled: number;
  left: Partial<Record<Unlearned, number>>;
}

export interface PlanAnswer extends Plan {
  coverage: Coverage;
  /** Ids of rules by number, of both policies. */
  ruleIds: ReadonlyMap<number, string>;
}

/** A flow that was seen or may come. */
export interface Question {
  from: EvidenceEnd;
  to: EvidenceEnd;
  proto: string;
  port: number;
  app: string | null;
  confidence: 'sure' | 'guess' | null;
  /** Nothing more will be learned of the application. */
  isFinal: boolean;
}

export class Advisor {
  readonly #options: AdvisorOptions;
  #live: { tables: PolicyTables; judge: Judge } | null = null;

  constructor(options: AdvisorOptions) {
    this.#options = options;
  }

  /** The live policy, its learned section included. */
  get judge(): Judge {
    const { tables } = this.#options.policy;
    if (this.#live?.tables !== tables)
      this.#live = { tables, judge: this.#judgeOf(this.#options.policy.live) };
    return this.#live.judge;
  }

  get memberOf(): MemberOf {
    const { policy } = this.#options;
    const { judge } = this;
    return membersOf({
      vms: policy.live.workloads,
      proposals: policy.proposals(),
      hostMode: policy.hostMode,
      groupsOf: (end) => groupNames(judge, policy.tables, end),
    });
  }

  /** For each whether a rule of the document lets it pass, or none has to. */
  areRuled(evidence: readonly Evidence[]): boolean[] {
    const learned = new Set(
      this.#options.policy.tables.rules.filter((rule) => rule.learned).map(({ number }) => number),
    );
    return replay(evidence, this.judge).map(
      ({ verdict, violation, decidedBy, rule }) =>
        verdict === 'allow' && !violation && decidedBy !== 'mode' && (rule === null || !learned.has(rule)),
    );
  }

  /** Rules for what was seen and no rule of the document allows. */
  async recommend(since: number, until: number, compaction: Compaction): Promise<Advice> {
    const { policy } = this.#options;
    const evidence = await this.#options.evidence(since, until);
    const ruled = this.areRuled(evidence);
    const open = evidence.filter((_, index) => !ruled[index]);
    const { rules, left } = recommend(open, this.memberOf, compaction);
    const taken = new Set(policy.document.rules.map(({ id }) => id));
    const flows = evidence.reduce((sum, each, index) => sum + (ruled[index] ? each.flows : 0), 0);
    return { rules, additions: additionsOf(rules, policy.proposals(), taken), ruled: flows, left };
  }

  /** Writes recommended rules, and the groups that they speak of, into the document; a version that forgets. */
  accept({ additions }: Advice, by: Pick<NewVersion, 'author' | 'reason'>): Promise<VersionInfo> {
    const { groups, rules } = additions;
    const edits: Edit[] = [
      { verb: 'append', section: 'groups', items: groups },
      { verb: 'append', section: 'rules', items: rules },
    ];
    return this.#options.policy.versions.edit(() => edits, by, true);
  }

  /** What would change if `wanted` were applied; null: what is live, to see what it says to the window. */
  async plan(wanted: ReadPolicy | null, since: number, until: number): Promise<PlanAnswer> {
    const { policy } = this.#options;
    const [evidence, hours] = await Promise.all([
      this.#options.evidence(since, until),
      this.#options.hours(since, until),
    ]);
    const candidate = wanted ? policy.candidate(wanted) : policy.live;
    const found = plan(evidence, this.judge, wanted ? this.#judgeOf(candidate) : this.judge);
    const rules = candidate.tables.rules.map(({ id, number, applications }) => ({
      id,
      applications,
      decided: found.rules.has(number),
    }));
    const coverage = coverageOf({ evidence, hours, members: membersByGroup(candidate), rules });
    const all = [...policy.tables.rules, ...candidate.tables.rules];
    return { ...found, coverage, ruleIds: new Map(all.map(({ number, id }) => [number, id])) };
  }

  /** Of these open flows the ones that the policy would cut. */
  wouldBeCut(flows: readonly ManagementFlow[], wanted: ReadPolicy): ManagementFlow[] {
    if (flows.length === 0) return [];
    const candidate = this.#options.policy.candidate(wanted);
    return wouldBeCut(flows, this.judge, this.#judgeOf(candidate), candidate);
  }

  /** The ordered evidence for how a flow is decided. */
  explain({ from, to, proto, port, app, confidence, isFinal }: Question): PolicyEvidence {
    const { policy, identityOf } = this.judge;
    return policy.explain({
      from: identityOf(from),
      to: identityOf(to),
      proto: protocolNumber(proto),
      port,
      layers: app === null ? [] : policy.layers(app),
      confidence: app === null ? null : confidence,
      applicationFinal: isFinal,
      applicationByPort: app === null && confidence === 'guess',
    });
  }

  /** Why nothing would be learned from it; null: it would. */
  whyNotLearned(evidence: Evidence): Unlearned | null {
    return whyNot(evidence, this.memberOf);
  }

  #judgeOf({ tables, workloads, place }: Candidate): Judge {
    const groups = new Map(workloads.map((workload) => [workload.id, workload.groups]));
    return judgeOf({
      tables,
      policy: this.#options.compile(tables),
      groupsOfVm: (end) => groups.get(end.id) ?? place(goneVm(end)).groups,
      namesOf: this.#options.namesOf,
    });
  }
}

/** Of a VM that is no more only its name and UUID are known. */
const goneVm = ({ id, name }: EvidenceEnd): Unplaced => ({
  id,
  name,
  title: null,
  state: 'shutoff',
  os: null,
  tags: [],
  persistent: false,
  nics: [],
});

/** Groups of VMs that the document names, and the ids of their members. */
function membersByGroup({ workloads }: Candidate): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { id, groups } of workloads)
    for (const group of groups)
      if (!group.startsWith(VM_PREFIX)) found.set(group, [...(found.get(group) ?? []), id]);
  return found;
}
