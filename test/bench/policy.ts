// What the policy costs: verdicts per second at 10, 1,000 and 20,000 rules among the same 1,000 identities, for flows
// that come again as those of a host do, for all pairs and ports at random, likewise where as many rules stand between two
// ends whatever the policy's size, and between ends that meet for the first time; how long compiling takes, and how long a
// plan over a million flow records does.

import {
  type CompiledPolicy,
  compilePolicy,
  PolicyDecisions,
  type PolicyQuestions,
} from '../../dp/client/policy.ts';
import type { PolicyTables } from '../../dp/contract/policy.ts';
import { pastRows } from './past.ts';
import { liveRows } from './policy-live.ts';
import { evenTables, numbers, QUESTIONS, questions, tables } from './policy-questions.ts';
import { type Bench, type BenchContext, median, type Row } from './row.ts';

const RULES = [10, 1_000, 20_000] as const;
/** What a busy host asks over and over: pairs of ends, and the services of each. */
const PAIRS = 1_000;
const SERVICES_PER_PAIR = 4;

interface Subject {
  rules: number;
  policy: CompiledPolicy;
  tables: PolicyTables;
  asked: Map<string, PolicyQuestions>;
}

const ANEW = 'verdicts, random flows';
const FIRST = 'verdicts, ends met first';

function subject(rules: number, given: PolicyTables, flows: Record<string, number>): Subject {
  const policy = compilePolicy(given);
  const asked = Object.entries(flows).map(
    ([metric, distinct]) => [metric, questions(policy, distinct)] as const,
  );
  return { rules, policy, tables: given, asked: new Map(asked) };
}

function subjects(): Subject[] {
  const usual = { 'verdicts, usual flows': PAIRS * SERVICES_PER_PAIR, [ANEW]: 0 };
  return [
    ...RULES.map((rules) => subject(rules, tables(rules), usual)),
    ...RULES.map((rules) => subject(rules, evenTables(rules), { 'verdicts, even density': 0 })),
  ];
}

function seconds(work: () => void): number {
  const start = performance.now();
  work();
  return (performance.now() - start) / 1000;
}

const count = (rules: number) => `${rules.toLocaleString('en')} rules`;

type Take = (metric: string, rules: number, value: number) => void;

/** All figures of one round. The first answers of a policy, which make its plans, are a figure of their own. */
function round(all: Subject[], take: Take): void {
  const decisions = new PolicyDecisions(QUESTIONS);
  for (const { rules, policy, asked } of all)
    for (const [metric, batch] of asked) {
      policy.evaluateAll(batch, decisions);
      take(metric, rules, QUESTIONS / seconds(() => policy.evaluateAll(batch, decisions)) / 1e6);
    }
  for (const { rules, policy, tables: given, asked } of all) {
    const batch = asked.get(ANEW);
    if (!batch) continue;
    let fresh = policy;
    const compiling = seconds(() => {
      fresh = compilePolicy(given, { former: policy });
    });
    take('compile and swap', rules, compiling * 1000);
    take(FIRST, rules, QUESTIONS / seconds(() => fresh.evaluateAll(batch, decisions)) / 1e6);
  }
}

async function* run({ rounds, log }: BenchContext): AsyncGenerator<Row> {
  const all = subjects();
  const values = new Map<string, { metric: string; variant: string; taken: number[] }>();
  for (let i = 0; i < rounds; i++) {
    log(`policy: round ${i + 1} of ${rounds}`);
    round(all, (metric, rules, value) => {
      const key = `${metric} ${count(rules)}`;
      const known = values.get(key) ?? { metric, variant: count(rules), taken: [] };
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
  yield* liveRows({ rounds, log }, tables(RULES[2]));
  yield* pastRows({ rounds, log }, tables(RULES[2]), numbers(13));
}

export const policy: Bench = {
  name: 'policy',
  describe:
    'verdicts per second at 10, 1,000 and 20,000 rules; compile and swap, also under traffic (needs root); plan over a million flows',
  run,
};
