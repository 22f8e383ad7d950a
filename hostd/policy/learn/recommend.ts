// From what was seen to rules that allow it, from exact (each VM, each port) to compact (services, applications).
import type { Evidence } from '../../base/evidence.ts';
import { type MemberOf, type Unlearned, whyNot } from './member.ts';
import { appOf, folded, type PortRange, portsOf, portText } from './service.ts';

/** 0: as seen. 1: many ports become ranges. 2: also services for their VMs. 3: also applications on any port. */
export type Compaction = 0 | 1 | 2 | 3;

export interface LearnedRule {
  id: string;
  from: string;
  to: string;
  applications: string[];
  ports: string[];
  action: 'allow';
  provenance: Provenance;
}

/** What a rule was learned from. */
export interface Provenance {
  flows: number;
  /** ms since the epoch */
  first: number;
  last: number;
  /** Names of the ends on either side, at most ENDS_MAX of each. */
  clients: string[];
  servers: string[];
  /** Ids of flows, at most EXAMPLES_MAX. */
  examples: string[];
  /** How much was seen of it: `low` once or twice, `high` often and over more than an hour. */
  confidence: 'low' | 'medium' | 'high';
}

export interface Recommendation {
  rules: LearnedRule[];
  /** What each was made from, by its id. */
  madeFrom: Map<string, readonly Evidence[]>;
  /** Flows that nothing was learned from, by reason. */
  left: Partial<Record<Unlearned, number>>;
}

const ENDS_MAX = 50;
const EXAMPLES_MAX = 5;
const OFTEN = 10;
const HOUR_MS = 3_600_000;

/** A rule that grows. */
interface Draft {
  from: string;
  to: string;
  /** Null: only ports say what it is. */
  apps: Set<string> | null;
  ports: PortRange[];
  seen: Evidence[];
}

/**
 * Rules that allow all that may be learned, in the order of their names. A service that carried flows without a
 * recognised application is allowed by its ports: a rule with an application would not let these pass.
 */
export function recommend(
  evidence: readonly Evidence[],
  memberOf: MemberOf,
  compaction: Compaction,
): Recommendation {
  const left: Recommendation['left'] = {};
  const learned: Evidence[] = [];
  for (const seen of evidence) {
    const reason = whyNot(seen, memberOf);
    if (reason === null) learned.push(seen);
    else left[reason] = (left[reason] ?? 0) + seen.flows;
  }
  let drafts = merged(exactDrafts(learned, memberOf), serviceKey);
  if (compaction >= 2) {
    drafts = toServices(drafts, 'from', memberOf);
    drafts = toServices(drafts, 'to', memberOf);
  }
  drafts = merged(drafts, compaction >= 3 ? pairKey : applicationKey);
  const made = drafts.map((draft): Made => ({ rule: ruleOf(draft, compaction), seen: draft.seen }));
  const named = withOwnIds(made.sort((a, b) => (a.rule.id < b.rule.id ? -1 : 1)));
  return {
    rules: named.map(({ rule }) => rule),
    madeFrom: new Map(named.map(({ rule, seen }) => [rule.id, seen])),
    left,
  };
}

interface Made {
  rule: LearnedRule;
  seen: readonly Evidence[];
}

/** Names that differ in signs only would make the same id. */
function withOwnIds(all: readonly Made[]): Made[] {
  const taken = new Map<string, number>();
  return all.map(({ rule, seen }) => {
    const count = (taken.get(rule.id) ?? 0) + 1;
    taken.set(rule.id, count);
    return { rule: count === 1 ? rule : { ...rule, id: `${rule.id}.${count}` }, seen };
  });
}

/** One for each pair and service. */
function exactDrafts(evidence: readonly Evidence[], memberOf: MemberOf): Draft[] {
  const drafts = evidence.map((seen): Draft => {
    const app = appOf(seen);
    return {
      from: memberOf(seen.from).own ?? '',
      to: memberOf(seen.to).own ?? '',
      apps: app === null ? null : new Set([app]),
      ports: [portsOf(seen)],
      seen: [seen],
    };
  });
  const byPort = new Set(drafts.filter(({ apps }) => apps === null).map(placeKey));
  return drafts.map((draft) => (byPort.has(placeKey(draft)) ? { ...draft, apps: null } : draft));
}

/** The same pair and the same ports. */
const placeKey = ({ from, to, ports }: Draft): string => `${from}\n${to}\n${ports.map(portText).join()}`;

/** The same pair and the same service. */
const serviceKey = (draft: Draft): string => `${placeKey(draft)}\n${appsText(draft)}`;
/** The same pair and the same application. */
const applicationKey = (draft: Draft): string => `${draft.from}\n${draft.to}\n${appsText(draft)}`;
/** The same pair, and whether applications say what it is. */
const pairKey = (draft: Draft): string => `${draft.from}\n${draft.to}\n${draft.apps !== null}`;
const appsText = ({ apps }: Draft): string => (apps === null ? '' : [...apps].sort().join());

function merged(drafts: readonly Draft[], keyOf: (draft: Draft) => string): Draft[] {
  const all = new Map<string, Draft>();
  for (const draft of drafts) {
    const key = keyOf(draft);
    const before = all.get(key);
    if (before) join(before, draft);
    else all.set(key, { ...draft, apps: draft.apps && new Set(draft.apps) });
  }
  return [...all.values()];
}

function join(into: Draft, more: Draft): void {
  for (const app of more.apps ?? []) into.apps?.add(app);
  into.ports = folded([...into.ports, ...more.ports], false);
  into.seen = [...into.seen, ...more.seen];
}

/** Where most VMs of a service do the same, all of it may. */
function toServices(drafts: readonly Draft[], side: 'from' | 'to', memberOf: MemberOf): Draft[] {
  const serviceOf = (draft: Draft) => (draft.seen[0] ? memberOf(draft.seen[0][side]).service : null);
  const keyOf = (draft: Draft) => serviceKey({ ...draft, [side]: serviceOf(draft)?.name });
  const doing = new Map<string, Set<string>>();
  for (const draft of drafts) {
    const key = keyOf(draft);
    doing.set(key, (doing.get(key) ?? new Set()).add(draft[side]));
  }
  const renamed = drafts.map((draft) => {
    const service = serviceOf(draft);
    const count = doing.get(keyOf(draft))?.size ?? 0;
    return service && count >= 2 && 2 * count > service.members ? { ...draft, [side]: service.name } : draft;
  });
  return merged(renamed, serviceKey);
}

function ruleOf(draft: Draft, compaction: Compaction): LearnedRule {
  const { from, to, apps } = draft;
  const anyPort = compaction >= 3 && apps !== null;
  const applications = [...(apps ?? [])].sort();
  const ports = anyPort ? [] : portTexts(folded(draft.ports, compaction >= 1));
  const service = applications.join('-') || ports[0] || 'any';
  const id = `${from}-to-${to}-${service}`.replace(/[^A-Za-z0-9._-]+/g, '-');
  return { id, from, to, applications, ports, action: 'allow', provenance: provenanceOf(draft.seen) };
}

/** Types of ICMP whose codes differ are one. */
const portTexts = (ranges: readonly PortRange[]): string[] => [...new Set(ranges.map(portText))];

function provenanceOf(seen: readonly Evidence[]): Provenance {
  const flows = seen.reduce((sum, each) => sum + each.flows, 0);
  const first = Math.min(...seen.map((each) => each.first));
  const last = Math.max(...seen.map((each) => each.last));
  const names = (side: 'from' | 'to'): string[] =>
    [...new Set(seen.map((each) => each[side].name))].sort().slice(0, ENDS_MAX);
  return {
    flows,
    first,
    last,
    clients: names('from'),
    servers: names('to'),
    examples: seen.slice(0, EXAMPLES_MAX).map(({ example }) => example),
    confidence: confidenceOf(flows, last - first),
  };
}

function confidenceOf(flows: number, span_ms: number): Provenance['confidence'] {
  if (flows < 3) return 'low';
  return flows >= OFTEN && span_ms >= HOUR_MS ? 'high' : 'medium';
}
