// What the policy costs: verdicts per second at 10, 1,000 and 20,000 rules among the same 1,000 identities, for flows
// that come again as those of a host do and for all pairs and ports at random, how long compiling takes, and how long a plan
// over a million flow records does.

import { type CompiledPolicy, compilePolicy, PolicyDecisions, PolicyQuestions } from '../../dp/client/policy.ts';
import type { PolicyTables } from '../../dp/contract/policy.ts';
import { pastRows } from './past.ts';
import { numbers, QUESTIONS, questions, tables } from './policy-questions.ts';
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
