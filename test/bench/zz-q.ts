import { compilePolicy, PolicyDecisions } from '/tmp/w/t/eval/dp/client/policy.ts';
import { QUESTIONS, questions, tables } from '/tmp/w/t/eval/test/bench/policy-questions.ts';
const d = new PolicyDecisions(QUESTIONS);
const s = (f: () => void) => { const t = performance.now(); f(); return (performance.now() - t) / 1000; };
for (const rules of [10, 1000, 20000]) {
  const t = tables(rules);
  let p = compilePolicy(t);
  const ms = s(() => { p = compilePolicy(t, { former: p }); }) * 1000;
  const usual = questions(p, 4000), random = questions(p, 0);
  const first = QUESTIONS / s(() => p.evaluateAll(random, d)) / 1e6;
  const r: number[] = [], u: number[] = [];
  p.evaluateAll(usual, d);
  for (let i = 0; i < 20; i++) { r.push(QUESTIONS / s(() => p.evaluateAll(random, d)) / 1e6); u.push(QUESTIONS / s(() => p.evaluateAll(usual, d)) / 1e6); }
  r.sort((a, b) => a - b); u.sort((a, b) => a - b);
  console.log(rules, 'compile', ms.toFixed(1), 'first', first.toFixed(2), 'random', r[19]!.toFixed(1), 'usual', u[19]!.toFixed(1), 'rss', (process.memoryUsage().rss / 1e6).toFixed(0));
}
