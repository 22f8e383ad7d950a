// The policy's evaluator as TypeScript uses it: the same compiled tables and the same answers as on packets.
import type { Mode, PolicyTables } from '../contract/policy.ts';
import { type Addon, loadAddon, type NativeEvidence, type NativePolicy } from './addon.ts';
import {
  APPLICATION_LAYERS,
  CONFIDENCES,
  DECIDED_BY,
  DECISION_BYTES,
  decision as decisionAt,
  MODES,
  QUESTION_BYTES,
  question as questionAt,
  VERDICTS,
} from './layout.ts';

/** A flow as the policy sees it. */
export interface PolicyQuestion {
  /** identity of the client */
  from: number;
  /** identity of the server */
  to: number;
  /** IANA's number */
  proto: number;
  /** the server's; ICMP: type << 8 | code */
  port: number;
  /** the client's, asked for only where the direction is inferred */
  clientPort?: number;
  /** Numbers of registry.applications, the outermost layer first; none: not known. */
  layers?: readonly number[];
  confidence?: 'guess' | 'sure' | null;
  /** Nothing more will be learned of the application. */
  applicationFinal?: boolean;
  /** `from` may be the server: the better answer of both ways round counts. */
  directionInferred?: boolean;
  /** As long as the application is not known, allow rules that name one go by their ports. */
  applicationByPort?: boolean;
}

export interface PolicyDecision {
  /** null: cannot be said before the application is known */
  verdict: 'allow' | 'deny' | null;
  /** true only when final */
  violation: boolean;
  /** More knowledge of the application changes nothing. */
  final: boolean;
  decidedBy: (typeof DECIDED_BY)[number];
  /** PolicyRule.number, or null */
  rule: number | null;
  /** Effective mode of each end, null where it bears none. */
  fromMode: Mode | null;
  toMode: Mode | null;
  /** The answer is for the other way round. */
  reversed: boolean;
  /** The rule allows by its ports alone. */
  byPort: boolean;
  /** Only as long as the application is still what it was. */
  continuous: boolean;
}

/** What became of a rule whose groups have both ends; dp/policy/explain.h. */
export const MATCHES = ['matched', 'maybe', 'port', 'application', 'unknown', 'guess', 'byPort'] as const;

export interface PolicyEvidenceEnd {
  /** index in PolicyTables.groups, ascending */
  groups: number[];
  mode: Mode | null;
  /** the group that gave the mode */
  modeGroup: number | null;
}

export interface PolicyEvidence {
  /** As the decision has the ends: swapped where it is reversed. */
  from: PolicyEvidenceEnd;
  to: PolicyEvidenceEnd;
  /** Up to the one that decides, in order. */
  rules: { number: number; match: (typeof MATCHES)[number] }[];
  /** How many were left out where there are more than 1,000. */
  rulesLeftOut: number;
  decision: PolicyDecision;
}

/** Who an end is: a list of groups, a NIC of this host, or an address with the names learned for it. */
export type PolicyEndKey =
  | { groups: readonly number[] }
  | { tap: string }
  | { segment: number; address: string; names?: readonly string[] };

/** What compilePolicy throws: the field that is wrong, such as `rules[3].ports[0]`, and why. */
export interface PolicyError extends Error {
  field: string;
}

export interface CompileOptions {
  /** Names by number; registryWith() has the operator's too. vmoat's own where it is left out. */
  applications?: readonly string[];
  /** Identities keep their numbers from this one. */
  former?: CompiledPolicy;
  addon?: Addon;
}

/** Questions packed for `evaluateAll`. */
export class PolicyQuestions {
  readonly count: number;
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(count: number) {
    this.count = count;
    this.bytes = new Uint8Array(count * QUESTION_BYTES);
    this.#view = new DataView(this.bytes.buffer);
  }

  set(index: number, asked: PolicyQuestion): void {
    const at = index * QUESTION_BYTES;
    const view = this.#view;
    view.setUint32(at + questionAt.from, asked.from, true);
    view.setUint32(at + questionAt.to, asked.to, true);
    for (let layer = 0; layer < APPLICATION_LAYERS; layer++)
      view.setUint16(at + questionAt.layers + 2 * layer, asked.layers?.[layer] ?? 0, true);
    view.setUint16(at + questionAt.port, asked.port, true);
    view.setUint16(at + questionAt.client_port, asked.clientPort ?? 0, true);
    view.setUint8(at + questionAt.proto, asked.proto);
    view.setUint8(at + questionAt.confidence, CONFIDENCES.indexOf(asked.confidence ?? null));
    view.setUint8(at + questionAt.application_final, asked.applicationFinal ? 1 : 0);
    view.setUint8(at + questionAt.direction_inferred, asked.directionInferred ? 1 : 0);
    view.setUint8(at + questionAt.application_by_port, asked.applicationByPort ? 1 : 0);
  }
}

/** Packed answers, read when asked for. */
export class PolicyDecisions {
  readonly count: number;
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(count: number) {
    this.count = count;
    this.bytes = new Uint8Array(count * DECISION_BYTES);
    this.#view = new DataView(this.bytes.buffer);
  }

  at(index: number): PolicyDecision {
    return decisionOf(this.#view, index * DECISION_BYTES);
  }
}

function decisionOf(view: DataView, at: number): PolicyDecision {
  const byte = (offset: number) => view.getUint8(at + offset);
  return {
    verdict: VERDICTS[byte(decisionAt.verdict)] ?? null,
    violation: byte(decisionAt.violation) === 1,
    final: byte(decisionAt.final) === 1,
    decidedBy: DECIDED_BY[byte(decisionAt.decided_by)] ?? null,
    rule: view.getUint32(at + decisionAt.rule, true) || null,
    fromMode: MODES[byte(decisionAt.from_mode)] ?? null,
    toMode: MODES[byte(decisionAt.to_mode)] ?? null,
    reversed: byte(decisionAt.reversed) === 1,
    byPort: byte(decisionAt.by_port) === 1,
    continuous: byte(decisionAt.continuous) === 1,
  };
}

function evidenceEnd({ groups, mode, modeGroup }: NativeEvidence['from']): PolicyEvidenceEnd {
  const named = MODES[mode] ?? null;
  return { groups, mode: named, modeGroup: named && modeGroup };
}

export class CompiledPolicy {
  readonly native: NativePolicy;
  readonly #layers: Map<string, number>;

  constructor(native: NativePolicy, applications: readonly string[]) {
    this.native = native;
    this.#layers = new Map(applications.map((name, number) => [name, number]));
  }

  get generation(): number {
    return this.native.generation();
  }

  /** 0 where all numbers are in use. Throws a TypeError where the address is none. */
  identity(end: PolicyEndKey): number {
    if ('groups' in end) return this.native.identityOf([...end.groups]);
    if ('tap' in end) return this.native.identityOfNic(end.tap);
    return this.native.identityOfEnd(end.segment, end.address, [...(end.names ?? [])]);
  }

  /** Index in PolicyTables.groups; empty for an identity that this policy did not give out. */
  groups(identity: number): number[] {
    return this.native.groups(identity);
  }

  /** The numbers of an application's layers, `tls/https`; empty where one of them is not known. */
  layers(application: string): number[] {
    const numbers = application.split('/').map((name) => this.#layers.get(name) ?? 0);
    return numbers.includes(0) ? [] : numbers;
  }

  evaluate(asked: PolicyQuestion): PolicyDecision {
    const questions = new PolicyQuestions(1);
    questions.set(0, asked);
    return this.evaluateAll(questions).at(0);
  }

  /** Millions in a second; `decisions` may be used again. */
  evaluateAll(questions: PolicyQuestions, decisions = new PolicyDecisions(questions.count)): PolicyDecisions {
    this.native.evaluate(questions.bytes, decisions.bytes);
    return decisions;
  }

  explain(asked: PolicyQuestion): PolicyEvidence {
    const questions = new PolicyQuestions(1);
    questions.set(0, asked);
    const { from, to, rules, rulesLeftOut, decision } = this.native.explain(questions.bytes);
    return {
      from: evidenceEnd(from),
      to: evidenceEnd(to),
      rules: rules.map(({ number, match }) => ({ number, match: MATCHES[match] ?? 'matched' })),
      rulesLeftOut,
      decision: decisionOf(new DataView(decision.buffer, decision.byteOffset, DECISION_BYTES), 0),
    };
  }
}

/** Throws a PolicyError where the tables are not as they should be. Needs no rights; runs on any thread. */
export function compilePolicy(tables: PolicyTables, options: CompileOptions = {}): CompiledPolicy {
  const addon = options.addon ?? loadAddon();
  const applications = options.applications ?? addon.registry.applications;
  return new CompiledPolicy(new addon.Policy(tables, applications, options.former?.native), applications);
}
