// The policy from the command line to the tables: applied, confirmed, rolled back, also when hostd was away.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Graph, Page, Status, Workload } from '../../hostd/api/schema.ts';
import { GroupView } from '../../hostd/policy/groups/group-view.ts';
import { LivePolicy, PolicyVersion } from '../../hostd/policy/shapes.ts';
import { domainOf } from '../../libvirt-watch/fake-libvirt.ts';
import { askSocket } from './ask.ts';
import { House, until, WEB } from './house.ts';
import { type Ran, runCli } from './run-cli.ts';

const house = new House();
const api = async (path: string): Promise<unknown> =>
  (await askSocket(house.config.sockets.api, `/api/v1${path}`)).json;
const live = async (): Promise<LivePolicy> => LivePolicy.parse(await api('/policy'));
const web = async (): Promise<Workload> => Workload.parse(await api(`/workloads/${WEB}`));

const vmoat = (...argv: string[]): Promise<Ran> => runCli(['--socket', house.config.sockets.api, ...argv]);

async function good(...argv: string[]): Promise<string> {
  const { code, out, err } = await vmoat(...argv);
  assert.deepEqual([code, err], [0, ''], argv.join(' '));
  return out;
}

function file(name: string, text: string): string {
  const path = join(house.folder, name);
  writeFileSync(path, text);
  return path;
}

const POLICY = `version: vmoat/v1
groups:
  - name: web     # ours
    match: [{ name: { prefix: web } }]
    mode: monitor
rules:
  - { id: a, from: external, to: web, ports: [tcp/443], action: allow }
`;

before(async () => {
  await house.open();
  await until(async () => Status.parse(await api('/status')).libvirt.domains === 3);
});
after(() => house.close());

test('apply makes a version, and its modes are seen on VMs and edges', async () => {
  assert.deepEqual([(await web()).mode, (await web()).modeFrom], ['learn', null]);
  assert.equal(
    await good('policy', 'apply', file('p.yaml', POLICY), '--reason', 'first'),
    'version 1 is live\n',
  );
  const { mode, modeFrom, groups } = await web();
  assert.deepEqual([mode, modeFrom, groups], ['monitor', 'web', ['web', 'vm.web-1']]);
  assert.match(await good('vm', 'show', 'web-1'), /mode +monitor, of web\ngroups +web, vm\.web-1/);
  const graph = Graph.parse(await api('/graph'));
  assert.equal(graph.nodes.find(({ id }) => id === WEB)?.mode, 'monitor');
  house.flows({ id: 1, srcSlot: 1, dstSlot: 2, dport: 5432 });
  const edge = await until(async () => Graph.parse(await api('/graph')).edges[0]);
  assert.deepEqual(edge.modes, ['monitor', 'learn']);
});

test('a VM that comes is in its groups at once', async () => {
  house.libvirt.maps.domains.set('44444444-4444-4444-8444-444444444444', domainOf('web-9', { macs: [] }));
  await until(async () => GroupView.parse(await api('/groups/web')).members?.length === 2);
  const groups = Page(GroupView)
    .parse(await api('/groups'))
    .items.map(({ name }) => name);
  assert.ok(groups.includes('vm.web-9') && groups.includes('external'));
  assert.match(await good('group', 'list'), /^web +monitor +1 +2 +\[ \{ name: \{ prefix: web \} \} \]/m);
  assert.match(await good('group', 'show', 'web'), /web-9 +monitor/);
});

test('mode and accept write into the document, and touch nothing else', async () => {
  assert.equal(await good('mode', 'web', 'protect'), 'version 2 is live\n');
  assert.equal((await live()).text, POLICY.replace('mode: monitor', 'mode: protect'));
  assert.equal((await web()).mode, 'protect');
  assert.equal((await vmoat('mode', 'webb', 'learn')).code, 1);
  assert.match((await vmoat('mode', 'external', 'learn')).err, /bears no mode/);
  assert.equal(await good('mode', 'vm.off-1', 'monitor', '--reason', 'x'), 'version 3 is live\n');
  assert.match((await live()).text, /rules:\n/);
});

test('a file that was not made from what is live is refused with what changed', async () => {
  const refused = await vmoat('policy', 'apply', file('p.yaml', POLICY), '--base', '1');
  assert.equal(refused.code, 1);
  assert.match(
    refused.err,
    /version 3 by root: x is live, the policy is based on 1\nchanged since:\n~ group web: mode/,
  );
  assert.match((await vmoat('policy', 'apply', file('other.yaml', POLICY))).err, /say --base 3/);
  const exported = file('exported.yaml', await good('policy', 'export'));
  assert.match(readFileSync(exported, 'utf8'), /^# vmoat-base: 3\n/);
  assert.equal(await good('policy', 'apply', exported), 'version 3 is live\n');
  assert.equal(await good('policy', 'diff', exported), 'no difference\n');
});

test('without confirmation it is rolled back, when hostd was away, too', async () => {
  const text = (await live()).text.replace('tcp/443', 'tcp/80');
  const applied = await good(
    'policy',
    'apply',
    file('p2.yaml', text),
    '--base',
    '3',
    '--confirm-within',
    '1s',
  );
  assert.match(applied, /^version 4 is live; rolled back in \d s unless you run: vmoat policy confirm\n$/);
  await house.daemon?.stop();
  await house.openDaemon();
  await until(async () => (await live()).version?.version === 3);
  const versions = Page(PolicyVersion).parse(await api('/policy/versions')).items;
  assert.deepEqual(
    versions.map(({ version, state }) => [version, state]),
    [
      [4, 'unconfirmed'],
      [3, 'live'],
      [2, 'past'],
      [1, 'past'],
    ],
  );
  assert.match(await good('policy', 'log'), /^ +4 +unconfirmed /m);
  assert.equal((await vmoat('policy', 'confirm')).code, 1);
});

test('confirm keeps it, rollback brings an old one back', async () => {
  const p2 = join(house.folder, 'p2.yaml');
  await good('policy', 'apply', p2, '--base', '3', '--confirm-within', '1h');
  assert.match((await vmoat('mode', 'web', 'learn')).err, /version 5 waits to be confirmed/);
  assert.equal(await good('policy', 'confirm'), 'version 5 is live\n');
  assert.match(
    await good('policy', 'diff'),
    /^~ rule a: ports \["tcp\/443"\] → \["tcp\/80"\]\n\n--- version 3\n/,
  );
  assert.equal(await good('policy', 'rollback', '1'), 'version 6 is live\n');
  assert.equal((await live()).text, POLICY);
  await good('policy', 'apply', p2, '--base', '6', '--confirm-within', '1h');
  assert.equal(await good('policy', 'rollback'), 'version 7 is withdrawn\n');
  assert.equal((await live()).version?.version, 6);
});

test('import takes groups and rules in, and leaves the rest', async () => {
  const added = file(
    'added.json',
    JSON.stringify({
      version: 'vmoat/v1',
      groups: [{ name: 'office', addresses: ['192.0.2.0/24'] }],
      rules: [{ id: 'b', from: 'office', to: 'any', ports: ['tcp/22'], action: 'allow' }],
    }),
  );
  assert.equal(await good('policy', 'import', added, '--dry-run'), '+ group office\n+ rule b\n');
  assert.match(await good('policy', 'import', added), /version 8 is live\n$/);
  const { text } = await live();
  assert.match(text, / {2}- name: web {5}# ours\n/);
  assert.match(await good('policy', 'lint'), /what is live: good\n$/);
});

test('only the socket of root changes the policy; a large one is taken', async () => {
  const body = { text: 'version: vmoat/v1\n' };
  const refused = await askSocket(house.config.sockets.api, '/api/v1/policy', { method: 'POST', body });
  assert.equal(refused.status, 403);
  const comment = `# ${'x'.repeat(100_000)}\n`;
  const large = { text: comment + (await live()).text, base: 8 };
  const taken = await askSocket(house.admin, '/api/v1/policy', { method: 'POST', body: large });
  assert.equal(taken.status, 200, taken.text);
});

test('what the evaluator refuses does not go live', async () => {
  await until(async () => Status.parse(await api('/status')).dataplane.state === 'connected');
  const text = `${(await live()).text}  - { id: c, from: any, to: web, applications: [no-such-thing], action: allow }\n`;
  const { code, err } = await vmoat('policy', 'apply', file('c.yaml', text), '--base', '9');
  assert.equal(code, 1);
  assert.match(err, /version 10:18:49: `rules\.2\.applications\.0` names an application that is not known/);
  assert.equal((await live()).version?.version, 9);
});

test('a store that cannot be read stops the start and names the last good copy', async () => {
  await house.daemon?.stop();
  const path = join(house.config.stateDir, 'policy/policy.json');
  const kept = readFileSync(path);
  writeFileSync(path, kept.subarray(0, 100));
  await assert.rejects(house.openDaemon(), {
    code: 'policy_store_broken',
    hint: /last good copy is .*last-good/,
  });
  writeFileSync(path, kept);
  await house.openDaemon();
  assert.equal((await live()).version?.version, 9);
});
