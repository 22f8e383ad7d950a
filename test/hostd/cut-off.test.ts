// A change of the policy that would cut somebody off who manages a VM asks first: over the API and on a terminal.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Flow, Page, Problem, Status, Workload } from '../../hostd/api/schema.ts';
import { run } from '../../hostd/cli/program.ts';
import { PolicyVersion } from '../../hostd/policy/shapes.ts';
import { askSocket } from './ask.ts';
import { House, until, WEB } from './house.ts';
import { runCli } from './run-cli.ts';

const V1 = '/api/v1';
const house = new House();
const { api } = house.config.sockets;

async function get<T>(schema: { parse: (json: unknown) => T }, path: string): Promise<T> {
  const answer = await askSocket(api, `${V1}${path}`);
  assert.equal(answer.status, 200, answer.text);
  return schema.parse(answer.json);
}

const post = (path: string, body: object) => askSocket(house.admin, `${V1}${path}`, { method: 'POST', body });
const setMode = (mode: string, more: object = {}) => post('/groups/vm.web-1/mode', { mode, ...more });

async function enforcing(enforces: boolean): Promise<void> {
  house.status({ enforces });
  await until(async () => (await get(Status, '/status')).dataplane.enforces === enforces);
}

/** Still open, from outside to web-1. */
const open = (id: number, dport: number, end = 0) =>
  house.flows({
    id,
    src: [192, 0, 2, 9],
    dst: [10, 0, 0, 1],
    sport: 50_000,
    dport,
    srcSlot: 0,
    dstSlot: 1,
    firstMs: Date.now(),
    end,
  });
const seen = (count: number) =>
  until(
    async () => (await get(Page(Flow), '/flows')).items.filter(({ end }) => end === null).length === count,
  );

before(async () => {
  await house.open();
  await until(async () => (await get(Status, '/status')).dataplane.state === 'connected');
  house.addresses();
  await until(async () => (await get(Page(Workload), '/workloads')).items.length === 3);
  open(1, 22);
  open(2, 8080);
  await seen(2);
});
after(() => house.close());

test('where verdicts are only told, nobody is cut off and nobody is asked', async () => {
  await enforcing(false);
  PolicyVersion.parse((await setMode('protect')).json);
  PolicyVersion.parse((await setMode('learn')).json);
});

test('a mode that cuts an open ssh session is refused with the flow, until it is insisted on', async () => {
  await enforcing(true);
  const refused = await setMode('protect');
  assert.equal(refused.status, 409, refused.text);
  const { code, message, hint } = Problem.parse(refused.json);
  assert.equal(code, 'would_cut_off');
  assert.match(message, /: ssh from .*\(192\.0\.2\.9:50000\) to web-1 \(10\.0\.0\.1:22\)$/);
  assert.match(hint ?? '', /failSafePorts.*--force/);
  assert.equal((await get(Workload, `/workloads/${WEB}`)).mode, 'learn', 'nothing has changed');
  assert.equal((await setMode('protect', { force: true })).status, 200);
  assert.equal((await setMode('learn')).status, 200);
});

test('a flow that is no management, or that a rule or a fail-safe port lets pass, is no reason', async () => {
  const policy = (more: string, rules = '') =>
    `version: vmoat/v1\ngroups:\n  - { name: vm.web-1, mode: protect${more} }\nrules:\n${rules}  - { id: x, from: host, to: any, action: allow }\n`;
  const apply = (text: string) => post('/policy', { text, base: versionNow });
  let versionNow = await latest();
  const bare = await apply(policy(''));
  assert.equal(bare.status, 409, bare.text);
  for (const text of [
    policy(', failSafePorts: [tcp/22]'),
    policy('', '  - { id: ssh, from: any, to: vm.web-1, ports: [tcp/22], action: allow }\n'),
  ]) {
    versionNow = await latest();
    const applied = await apply(text);
    assert.equal(applied.status, 200, applied.text);
    assert.equal((await post(`/policy/versions/1/rollback`, { force: true })).status, 200);
  }
});

const latest = async (): Promise<number> =>
  (await get(Page(PolicyVersion), '/policy/versions')).items[0]?.version ?? 0;

test('the session that the caller itself uses counts, whatever its port', async () => {
  const back = await post(`/policy/versions/2/rollback`, { force: true });
  assert.equal(back.status, 200, back.text);
  open(1, 22, 1);
  await seen(1);
  assert.equal((await setMode('protect')).status, 200, 'port 8080 is nobody’s management');
  assert.equal((await setMode('learn')).status, 200);
  const session = { client: '192.0.2.9', clientPort: 50_000, server: '10.0.0.1', serverPort: 8080 };
  const refused = await setMode('protect', { session });
  assert.match(Problem.parse(refused.json).message, /your own session from/);
});

test('the command line asks on a terminal, and elsewhere names --force', async () => {
  open(3, 22);
  await seen(2);
  const refused = await runCli(['--socket', api, 'mode', 'vm.web-1', 'protect']);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /this would cut open flows: ssh from[\s\S]*--force/);
  const shown: string[] = [];
  const terminal = (answer: string) => ({
    ...{
      out: () => undefined,
      err: (text: string) => void shown.push(text),
      colour: false,
      columns: undefined,
    },
    ask: async () => answer,
  });
  assert.equal(await run(['--socket', api, 'mode', 'vm.web-1', 'protect'], terminal('no')), 1);
  assert.match(shown.join(''), /this would cut open flows[\s\S]*nothing was done/);
  assert.equal(await run(['--socket', api, 'mode', 'vm.web-1', 'protect'], terminal('cut')), 0);
  assert.equal((await get(Workload, `/workloads/${WEB}`)).mode, 'protect');
  const forced = await runCli(['--socket', api, 'mode', 'vm.web-1', 'protect', '--force']);
  assert.equal(forced.code, 0, forced.err);
});
