import { compilePolicy, PolicyDecisions } from '/tmp/w/t/eval/dp/client/policy.ts';
import { QUESTIONS, questions, tables } from '/tmp/w/t/eval/test/bench/policy-questions.ts';
const d = new PolicyDecisions(QUESTIONS);
const p = compilePolicy(tables(Number(process.argv[2])));
const q = questions(p, Number(process.argv[3] ?? 0));
for (let i = 0; i < 100; i++) p.evaluateAll(q, d);
