// What the policy costs: verdicts per second at 10, 1,000 and 20,000 rules among the same 1,000 identities, for flows
// that come again as those of a host do and for all pairs and ports at random, how long compiling takes, and how long a plan
// over a million flow records does.

import {
  type CompiledPolicy,
  compilePolicy,
  PolicyDecisions,
  type PolicyQuestion,
  PolicyQuestions,
} from '../../dp/client/policy.ts';
import type { PolicyRule, PolicyTables } from '../../dp/contract/policy.ts';
import { pastRows } from './past.ts';
import { type Bench, type BenchContext, median, type Row } from './row.ts';

const RULES = [10, 1_000, 20_000] as const;
const VMS = 1_000;
const SERVICES = 100;
/** What a busy host asks over and over: pairs of ends, and the services of each. */
const PAIRS = 1_000;
const SERVICES_PER_PAIR = 4;
const QUESTIONS = 1_000_000;
const APPLICATIONS = ['http', 'tls/https', 'postgresql', 'ssh', 'dns'] as const;
const TCP = 6;

/** The same numbers in every run (Numerical Recipes' generator). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const groupOfVm = (vm: number) => 3 + vm;
const groupOfService = (service: number) => 3 + VMS + service;

/** Ends of rules as people write them: most between services, some of a single VM, a few of anybody. */
function end(random: (below: number) => number): number {
  const kind = random(20);
  if (kind === 0) return 0;
  return kind < 8 ? groupOfVm(random(VMS)) : groupOfService(random(SERVICES));
}

function ruleOf(index: number, random: (below: number) => number): PolicyRule {
  const port = 1 + random(20_000);
  const ports = [`tcp/${port}`, `tcp/${port}-${port + random(2_000)}`, `udp/${port}`, 'icmp/8', 'tcp'];
  return {
    number: index + 1,
    id: `rule-${index + 1}`,
    from: end(random),
    to: end(random),
    applications: random(3) === 0 ? [APPLICATIONS[random(APPLICATIONS.length)] ?? 'http'] : [],
    ports: random(8) === 0 ? [] : [ports[random(ports.length)] ?? 'any'],
    action: random(5) === 0 ? 'deny' : 'allow',
    learned: false,
  };
}

/** 1,000 VMs, each by itself and in two of a hundred services. */
function tables(rules: number): PolicyTables {
  const random = numbers(7);
  const names = ['any', 'host', 'external'];
  for (let vm = 0; vm < VMS; vm++) names.push(`vm.${vm}`);
  for (let service = 0; service < SERVICES; service++) names.push(`svc.${service}`);
  return {
    generation: 1,
    groups: names.map((name, i) => ({
      name,
      mode: i < 3 ? null : 'monitor',
      failPolicy: 'open',
      addresses: [],
      fqdn: [],
    })),
    rules: Array.from({ length: rules }, (_, index) => ruleOf(index, random)),
    nics: Array.from({ length: VMS }, (_, vm) => ({
      tap: `vnet${vm}`,
      mac: '',
      nic: `${vm}`,
      groups: [0, groupOfVm(vm), groupOfService(vm % SERVICES), groupOfService(random(SERVICES))],
    })),
    unknown: [0],
    ends: [],
  };
}

/** An application is known for two of three flows. */
function flows(policy: CompiledPolicy, random: (below: number) => number): () => PolicyQuestion {
  const identities = Array.from({ length: VMS }, (_, vm) => policy.identity({ tap: `vnet${vm}` }));
  const layers = APPLICATIONS.map((name) => policy.layers(name));
  const pick = () => identities[random(VMS)] ?? 0;
  return () => {
    const known = random(3) > 0;
    return {
      from: pick(),
      to: pick(),
      proto: TCP,
      port: 1 + random(20_000),
      layers: known ? (layers[random(layers.length)] ?? []) : [],
      confidence: known ? 'sure' : null,
      applicationFinal: known,
    };
  };
}

/** A million flows; with `distinct` that many different ones, in any order. */
function questions(policy: CompiledPolicy, distinct: number): PolicyQuestions {
  const random = numbers(11);
  const next = flows(policy, random);
  const usual = Array.from({ length: distinct }, next);
  const asked = new PolicyQuestions(QUESTIONS);
  for (let i = 0; i < QUESTIONS; i++) asked.set(i, usual[random(distinct)] ?? next());
  return asked;
}

interface Subject {
  rules: number;
  policy: CompiledPolicy;
  tables: PolicyTables;
  asked: Map<string, PolicyQuestions>;
}

function subject(rules: number): Subject {
  const given = tables(rules);
  const policy = compilePolicy(given);
  const asked = new Map([
    ['usual flows', questions(policy, PAIRS * SERVICES_PER_PAIR)],
    ['random flows', questions(policy, 0)],
  ]);
  return { rules, policy, tables: given, asked };
}

function seconds(work: () => void): number {
  const start = performance.now();
  work();
  return (performance.now() - start) / 1000;
}

const count = (rules: number) => `${rules.toLocaleString('en')} rules`;

/** All figures of one round; the first answers of a policy, which find its pairs, are not measured. */
function round(subjects: Subject[], take: (metric: string, variant: string, value: number) => void): void {
  const decisions = new PolicyDecisions(QUESTIONS);
  for (const name of ['usual flows', 'random flows'])
    for (const { rules, policy, asked } of subjects) {
      const batch = asked.get(name) ?? new PolicyQuestions(0);
      policy.evaluateAll(batch, decisions);
      take(
        `verdicts, ${name}`,
        count(rules),
        QUESTIONS / seconds(() => policy.evaluateAll(batch, decisions)) / 1e6,
      );
    }
  for (const { rules, policy, tables: given } of subjects)
    take('compile and swap', count(rules), seconds(() => compilePolicy(given, { former: policy })) * 1000);
}

async function* run({ rounds, log }: BenchContext): AsyncGenerator<Row> {
  const subjects = RULES.map(subject);
  const values = new Map<string, { metric: string; variant: string; taken: number[] }>();
  for (let i = 0; i < rounds; i++) {
    log(`policy: round ${i + 1} of ${rounds}`);
    round(subjects, (metric, variant, value) => {
      const key = `${metric} ${variant}`;
      const known = values.get(key) ?? { metric, variant, taken: [] };
      known.taken.push(value);
      values.set(key, known);
    });
  }
  for (const { metric, variant, taken } of values.values()) {
    const verdicts = metric.startsWith('verdicts');
    const base = values.get(`${metric} ${count(RULES[0])}`)?.taken;
    yield {
      bench: 'policy',
      metric,
      variant,
      baseline: verdicts ? count(RULES[0]) : '',
      value: median(taken),
      unit: verdicts ? 'M/s' : 'ms',
      ratio: verdicts && base ? median(taken) / median(base) : null,
      runs: taken.length,
    };
  }
  yield* pastRows({ rounds, log }, tables(RULES[2]), numbers(13));
}

export const policy: Bench = {
  name: 'policy',
  describe: 'verdicts per second at 10, 1,000 and 20,000 rules; compile and swap; plan over a million flows',
  run,
};
