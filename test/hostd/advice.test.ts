// What the policy is asked, on a real hostd: learned, recommended, tried on traffic that was seen, explained.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Page, Status, Workload } from '../../hostd/api/schema.ts';
import { Explanation, LearnedRules, PolicyPlan, Recommendation } from '../../hostd/policy/advice/shapes.ts';
import { PolicyVersion } from '../../hostd/policy/shapes.ts';
import { askSocket } from './ask.ts';
import { DB, House, until } from './house.ts';

const V1 = '/api/v1';
const [http, postgresql] = [1, 4];
const house = new House();

async function get<T>(schema: { parse: (json: unknown) => T }, path: string): Promise<T> {
  const answer = await askSocket(house.config.sockets.api, `${V1}${path}`);
  assert.equal(answer.status, 200, answer.text);
  return schema.parse(answer.json);
}

async function post<T>(schema: { parse: (json: unknown) => T }, path: string, body: object): Promise<T> {
  const answer = await askSocket(house.admin, `${V1}${path}`, { method: 'POST', body });
  assert.equal(answer.status, 200, answer.text);
  return schema.parse(answer.json);
}

const plan = (text?: string) => post(PolicyPlan, '/policy/plan', text === undefined ? {} : { text });
const rulesOf = ({ rules }: Recommendation): string[] =>
  rules.map(({ from, to, applications, ports }) => `${from} ${to} [${applications}] [${ports}]`);

before(async () => {
  await house.open();
  await until(async () => {
    const { dataplane, libvirt } = await get(Status, '/status');
    return dataplane.state === 'connected' && libvirt.domains === 3;
  });
  house.addresses();
  await until(async () => (await get(Page(Workload), '/workloads')).items.length === 3);
  const now = Date.now();
  const out = { srcSlot: 1, dst: [192, 0, 2, 7] as [number, number, number, number], firstMs: now, end: 1 };
  house.flows(
    { id: 1, dport: 5432, layers: [postgresql], ...out, dst: [192, 0, 2, 8] },
    { id: 2, dport: 5432, sport: 40_001, layers: [postgresql], ...out },
    { id: 3, dport: 8080, layers: [http], ...out },
    { id: 4, dport: 9000, ...out },
    { id: 5, dport: 5432, layers: [postgresql], srcSlot: 1, dstSlot: 2, firstMs: now, end: 1 },
  );
});
after(() => house.close());

test('what groups in learn do is learned by itself, and stands behind all rules', async () => {
  const { items, left } = await until(async () => {
    const learned = await get(LearnedRules, '/policy/learned');
    return learned.items.length === 3 ? learned : null;
  }, 60_000);
  assert.deepEqual(left, { 'a name that no rule can have': 1 });
  assert.deepEqual(
    items.map(({ applications, ports, provenance }) => [applications, ports, provenance.flows]),
    [
      [['http'], ['tcp/8080'], 1],
      [['postgresql'], ['tcp/5432'], 2],
      [[], ['tcp/9000'], 1],
    ],
  );
});

test('a policy without rules would deny all in protect; what was learned is let pass', async () => {
  const { changes, outcomes, coverage } = await plan('version: vmoat/v1\ndefaultMode: protect\n');
  assert.deepEqual(
    changes.map(({ change, to, flows }) => [change, to.id, flows]),
    [['denied', DB, 1]],
  );
  assert.deepEqual(outcomes, { allow: 4, violation: 0, deny: 1 });
  assert.ok(coverage.hours >= 1);
  assert.equal(coverage.windowHours, 7 * 24);
});

test('recommended rules become a version, and what was learned of them is forgotten', async () => {
  const found = await get(Recommendation, '/policy/recommendation?compaction=0');
  assert.equal(rulesOf(found).length, 3, found.text);
  assert.match(rulesOf(found).join('\n'), /^vm\.web-1 external \[\] \[tcp\/9000\]$/m);
  const version = await post(PolicyVersion, '/policy/recommendation/accept?compaction=0', {
    reason: 'a test',
  });
  assert.deepEqual([version.rules, version.reason], [3, 'a test']);
  assert.deepEqual((await get(LearnedRules, '/policy/learned')).items, []);
  const { text } = (await askSocket(house.config.sockets.api, `${V1}/policy`)).json as { text: string };
  const again = await get(Recommendation, '/policy/recommendation?compaction=0');
  assert.deepEqual([again.rules, again.ruled], [[], 4]);
  assert.match(text, /comment: seen 2 times from web-1, .* confidence low/);
});

test('a plan with a rule removed names exactly the edges that break', async () => {
  const { text } = (await askSocket(house.config.sockets.api, `${V1}/policy`)).json as { text: string };
  const rules = text.slice(text.indexOf('rules:\n') + 7).split(/^(?= {2}- )/m);
  const rest = rules.filter((rule) => !rule.includes('postgresql')).join('');
  const protect = (kept: string) => `version: vmoat/v1\ndefaultMode: protect\nrules:\n${kept}`;
  const { changes } = await plan(protect(rest));
  assert.deepEqual(
    changes
      .filter(({ to }) => to.id !== DB)
      .map(({ change, from, app, port, flows, ruleAfter }) => [
        change,
        from.name,
        app,
        port,
        flows,
        ruleAfter,
      ]),
    [
      ['denied', 'web-1', 'postgresql', 5432, 1, null],
      ['denied', 'web-1', 'postgresql', 5432, 1, null],
    ],
  );
  const wrong = await askSocket(house.admin, `${V1}/policy/plan`, {
    method: 'POST',
    body: { text: 'rules: 7' },
  });
  assert.equal(wrong.status, 400, wrong.text);
});

test('explain says who, why, and which line decides', async () => {
  const asked = await get(
    Explanation,
    '/policy/explanation?from=vm:web-1&to=external&port=tcp/9000&app=http',
  );
  assert.deepEqual([asked.verdict, asked.decidedBy, asked.violation], ['allow', 'rule', false]);
  const decider = asked.rules.at(-1);
  assert.deepEqual([decider?.id, decider?.match], [asked.rule, 'matched']);
  assert.ok((decider?.line ?? 0) > 1);
  assert.deepEqual(
    asked.from.groups.map(({ name }) => name),
    ['any', 'vm.web-1'],
  );
  assert.equal(asked.from.mode, 'learn');
  const other = await get(Explanation, '/policy/explanation?from=vm:web-1&to=192.0.2.7&port=udp/53');
  assert.deepEqual([other.verdict, other.decidedBy, other.rule], ['allow', 'mode', null]);
  const bad = await askSocket(house.config.sockets.api, `${V1}/policy/explanation?from=web-1`);
  assert.equal(bad.status, 400);
});
