// `npm run demo` on this machine's libvirt: what it shows, how quickly, and that `--stop` leaves nothing.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { networkXml } from '../../demo/domain-xml.ts';
import { guests } from '../../demo/plan.ts';
import { virshWithXml } from '../../demo/virsh.ts';
import { Flow, Violation } from '../../hostd/api/schema.ts';
import { Explanation, PolicyPlan } from '../../hostd/policy/advice/shapes.ts';
import { promised } from '../promised.ts';
import { onConsole } from './demo-console.ts';
import { DemoMap } from './demo-map.ts';
import { hostDump } from './host-dump.ts';
import { eventually, until } from './private-libvirt.ts';
import { VmoatCli } from './vmoat-cli.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const skip = process.getuid?.() !== 0 && process.env.VMOAT_REQUIRE !== 'all' ? 'needs root' : false;
const cli = new VmoatCli(join(root, 'var/run/api.sock'));

function demo(...args: string[]): string {
  const done = spawnSync(process.execPath, [join(root, 'setup/run.mjs'), 'demo', ...args], {
    encoding: 'utf8',
  });
  assert.equal(done.status, 0, done.stderr);
  return done.stdout;
}
/** With its first network libvirt makes chains for its rules and keeps them: they are no trace of the demo's. */
async function startSomeNetwork(): Promise<void> {
  await virshWithXml('net-create', networkXml({ name: 'vmt-first', kind: 'isolated' }, ''));
  virsh('net-destroy', 'vmt-first');
}
const virsh = (...args: string[]): string => execFileSync('virsh', ['-q', ...args], { encoding: 'utf8' });

suite('the demo', { skip, timeout: 1_800_000 }, () => {
  let dumpBefore: Record<string, string>;
  let output = '';
  let begin: Date; // the history may know an earlier demo, whose guests were others

  before(async () => {
    demo('--stop');
    await startSomeNetwork();
    dumpBefore = hostDump();
    begin = new Date();
    output = demo();
  });
  after(() => {
    demo('--stop');
  });

  test('says how to get in', () => {
    assert.match(output, /https:\/\/127\.0\.0\.1:8443\//);
    assert.match(output, /^ {2}Secret {7}\S{20,}$/m);
    assert.match(output, /SHA-256 (?:[0-9A-F]{2}:){31}[0-9A-F]{2}/);
    assert.match(output, /ssh -L 8443:127\.0\.0\.1:8443 /);
    assert.match(output, /--listen 0\.0\.0\.0:8443/);
  });

  test('lists all guests, each NIC tapped once', async () => {
    const vms = await cli.vms();
    for (const { name } of guests)
      assert.equal(vms.find((vm) => vm.name === name)?.state, 'running', `${name} is not listed as running`);
    const nics = (await cli.nics()).filter(({ workloadName }) => workloadName.startsWith('vmoat-demo-'));
    assert.equal(nics.length, guests.flatMap(({ nics: own }) => own).length);
    assert.equal(new Set(nics.map(({ tap }) => tap)).size, nics.length);
    for (const nic of nics) assert.notEqual(nic.hook, 'none', `${nic.tap}: ${nic.reason}`);
  });

  test('shows every application between the right VMs within a minute', async (context) => {
    const map = new DemoMap();
    const begin = Date.now();
    for (; map.missing.length > 0 && Date.now() < begin + 240_000; await sleep(500))
      map.take(await cli.graph());
    assert.deepEqual(map.missing, [], `seen: ${map.seen}`);
    promised(context, 'everything is on the map', 60_000, Date.now() - begin);
  });

  test('keeps the two tenants with the same addresses apart', async () => {
    const { nodes, edges } = await cli.graph();
    const tenant = (id: string): string => {
      const guest = guests.find(({ name }) => name === nodes.find((node) => node.id === id)?.name);
      return guest?.nics[0]?.network ?? '';
    };
    for (const { from, to } of edges)
      if (tenant(from) && tenant(to)) assert.equal(tenant(from), tenant(to), `${from} → ${to}`);
  });

  test('status: no losses, libvirt connected, both processes measured', async (context) => {
    const status = await cli.status();
    assert.equal(status.libvirt.state, 'connected');
    // how many are older than vmoat hangs on how quickly guests boot
    context.diagnostic(`${status.dataplane.flows?.pickedUp} flows were picked up`);
    for (const use of [status.dataplane.use, status.hostd.use])
      assert.ok((use?.residentBytes ?? 0) > 1 << 20);
    for (const [cause, count] of Object.entries(status.lost)) assert.equal(count, 0, `lost: ${cause}`);
  });

  test('a new connection is in `vmoat flows -f` within 1.5 s of its SYN', async (context) => {
    const late = await synToLine('vmoat-demo-buy0', 3);
    promised(context, `the latest of ${late.length} connections is a line`, 1500, Math.max(...late));
  });

  /** What it recommends of all that was seen is live; its text, and the window of what was seen. */
  const recommended = async (): Promise<{ text: string; window: string[] }> => {
    const window = ['--since', begin.toISOString(), '--until', new Date().toISOString()];
    await cli.run('policy', 'recommend', '--compaction', '2', ...window, '--accept');
    return { text: await cli.run('policy', 'export'), window };
  };

  test('the policy that it recommends allows what was seen; one without a rule breaks that edge alone', async (context) => {
    context.after(withoutPolicy);
    const { text, window } = await recommended();
    const denied = async (policy: string): Promise<string[]> => {
      const { changes } = await plan(withMode(policy, 'protect'), window);
      const begun = changes.filter(({ direction }) => direction === 'seen');
      return [
        ...new Set(begun.map(({ change, from, to, app }) => `${change}: ${from.name} ${to.name} ${app}`)),
      ];
    };
    assert.deepEqual(await denied(text), []);
    assert.deepEqual(await denied(without(text, REDIS)), ['denied: vmoat-demo-web vmoat-demo-redis redis']);
  });

  test('in monitor what no rule allows is a violation within 2 s, and it is said why', async (context) => {
    context.after(withoutPolicy);
    const { text } = await recommended();
    writeFileSync(file, withMode(without(text, REDIS), 'monitor'));
    await cli.run('policy', 'apply', file, '--confirm-within', '600s');
    const begin = Date.now();
    // it is one from its SYN on, before anybody knows what it speaks
    const found = await seen(async () => (await redisViolations()).find(({ app }) => app === 'redis'));
    promised(context, 'it is a violation', 2000, Date.now() - begin);
    assert.deepEqual([found.port, found.verdict, found.decidedBy], [6379, 'allow', 'mode']);
    // flows that ended while vmoat or the policy came were perhaps never known for what they are
    const since = new Date(begin).toISOString();
    await eventually(async () => {
      const apps = (await redisViolations('--since', since)).map(({ app }) => app);
      assert.deepEqual(apps, ['redis']);
    });
    const why = await cli.parsed(Explanation, 'explain', found.example);
    assert.deepEqual(
      [why.verdict, why.violation, why.decidedBy, why.from.mode],
      ['allow', true, 'mode', 'monitor'],
    );
    await cli.run('policy', 'rollback');
    assert.equal(await cli.run('policy', 'export'), text);
  });

  test('redis in protect: who never asked it is refused, who did goes on', async (context) => {
    context.after(withoutPolicy);
    await cli.run('policy', 'recommend', '--accept');
    const asked = async (): Promise<number> =>
      Number(await onConsole(REDIS_VM, 'redis-cli --raw get visits'));
    await cli.run('mode', `vm.${REDIS_VM}`, 'protect');
    const inline = async () =>
      (await cli.nics()).some(
        ({ workloadName, protection }) => workloadName === REDIS_VM && protection?.state === 'inline',
      );
    const begin = Date.now();
    await until('its NIC is inline', inline);
    promised(context, 'its NIC is inline', 2000, Date.now() - begin);
    const before = await asked();
    assert.match(await onConsole('vmoat-demo-client', 'redis-cli -h 10.0.0.20 ping'), /Connection refused/);
    const ends = ['--from', 'vmoat-demo-client', '--to', REDIS_VM, '--port', 'tcp/6379'];
    const denied = async () => flows('--verdict', 'deny', ...ends);
    await seen(async () => (await denied()).find(({ enforced }) => enforced === 'reset'));
    const why = await cli.parsed(Explanation, 'explain', ...ends);
    assert.deepEqual([why.verdict, why.decidedBy, why.to.mode], ['deny', 'mode', 'protect']);
    assert.match(output, /npx vmoat mode vm\.vmoat-demo-redis protect/);
    await until('web counts on', async () => (await asked()) > before);
    await withoutPolicy();
    await until('it is out again', async () => !(await inline()));
  });

  test('a hot-plugged NIC is listed and tapped within 2 s, and gone after it is unplugged', async (context) => {
    const before = new Set((await cli.nics()).map(({ id }) => id));
    virsh('attach-interface', 'vmoat-demo-buyer', 'network', 'vmoat-demo-red', '--model', 'virtio');
    const plugged = Date.now();
    const added = async () => (await cli.nics()).find(({ id, hook }) => !before.has(id) && hook !== 'none');
    await until('the NIC is tapped', async () => (await added()) !== undefined, 10_000);
    promised(context, 'the NIC is tapped', 2000, Date.now() - plugged);
    const nic = await added();
    assert.equal(nic?.workloadName, 'vmoat-demo-buyer');
    await until('the guest lets go', () => detached(nic?.mac ?? ''), 30_000);
    await until('the NIC is gone', async () => (await cli.nics()).every(({ id }) => before.has(id)), 5000);
  });

  test('a destroyed guest is gone from taps, pins and links; started again it is back', async () => {
    const taps = async () => (await cli.nics()).filter(({ hook }) => hook !== 'none').map(({ tap }) => tap);
    assert.ok((await taps()).includes('vmoat-demo-buy0'));
    const pinned = pins().length;
    virsh('destroy', 'vmoat-demo-buyer');
    await until('it is gone', async () => !(await taps()).includes('vmoat-demo-buy0'), 5000);
    assert.ok(!readdirSync('/sys/class/net').includes('vmoat-demo-buy0'));
    assert.ok(pins().length < pinned, 'its links stay pinned');
    assert.equal((await cli.vms()).find(({ name }) => name === 'vmoat-demo-buyer')?.state, 'shutoff');
    virsh('start', 'vmoat-demo-buyer');
    await until('it is back', async () => (await taps()).includes('vmoat-demo-buy0'), 5000);
  });

  test('run again it keeps what runs, and is quick', (context) => {
    const pid = readFileSync('/run/libvirt/qemu/vmoat-demo-web.pid', 'utf8');
    const begin = Date.now();
    demo();
    promised(context, 'the demo runs again', 60_000, Date.now() - begin);
    assert.equal(readFileSync('/run/libvirt/qemu/vmoat-demo-web.pid', 'utf8'), pid);
  });

  test('nothing that ran so far is taken for an attack', async () => {
    assert.deepEqual(await cli.threats(begin), []);
  });

  test('--stop leaves the host as it was', () => {
    demo('--stop');
    const now = hostDump();
    for (const [what, text] of Object.entries(dumpBefore)) assert.equal(now[what], text, what);
  });
});

const REDIS_VM = 'vmoat-demo-redis';
const REDIS = `vmoat-demo-web-to-vm.${REDIS_VM}`;
const file = join(mkdtempSync(join(tmpdir(), 'vmoat-demo-')), 'policy.yaml');
after(() => rmSync(dirname(file), { recursive: true }));

const withMode = (policy: string, mode: string): string =>
  policy.replace('version: vmoat/v1', `$&\ndefaultMode: ${mode}`);

/** The document without the rules whose id has this in it. */
const without = (text: string, id: string): string =>
  text
    .split(/^(?= {2}- id: )/m)
    .filter((part) => !part.startsWith('  - id: ') || !part.split('\n')[0]?.includes(id))
    .join('');

async function plan(policy: string, window: string[]): Promise<PolicyPlan> {
  writeFileSync(file, policy);
  return cli.parsed(PolicyPlan, 'policy', 'plan', file, ...window);
}

const flows = async (...asked: string[]): Promise<Flow[]> =>
  (await cli.run('flows', ...asked, '-o', 'json'))
    .split('\n')
    .filter(Boolean)
    .map((line) => Flow.parse(JSON.parse(line)));

const violations = async (...asked: string[]): Promise<Violation[]> =>
  (await cli.run('violations', ...asked, '-o', 'json'))
    .split('\n')
    .filter(Boolean)
    .map((line) => Violation.parse(JSON.parse(line)));

async function seen<T>(probe: () => Promise<T | undefined>): Promise<T> {
  let found: T | undefined;
  await until('it is seen', async () => {
    found = await probe();
    return found !== undefined;
  });
  return found as T;
}

const pins = (): string[] =>
  execFileSync('find', ['/sys/fs/bpf/vmoat', '-type', 'f'], { encoding: 'utf8' }).trim().split('\n');

function detached(mac: string): boolean {
  spawnSync('virsh', ['-q', 'detach-interface', 'vmoat-demo-buyer', 'network', '--mac', mac]);
  return !virsh('domiflist', 'vmoat-demo-buyer').includes(mac);
}

const redisViolations = (...asked: string[]): Promise<Violation[]> =>
  violations('--from', 'vmoat-demo-web', '--to', REDIS_VM, ...asked);

/** Ends what a test did, wherever it stopped. */
async function withoutPolicy(): Promise<void> {
  if ((await cli.status()).policy.confirmBy !== null) await cli.run('policy', 'rollback');
  writeFileSync(file, 'version: vmoat/v1\n');
  const { version } = (await cli.status()).policy;
  const base = version === null ? [] : ['--base', String(version)];
  await cli.run('policy', 'apply', file, ...base, '--reason', 'the test is over');
}

/** Milliseconds from each SYN on the tap to the line of its flow, of so many connections or more. */
async function synToLine(tap: string, connections: number): Promise<number[]> {
  const syn = new Map<number, number>();
  const line = new Map<number, number>();
  const follower = cli.followFlows(({ sport }, at) => line.has(sport) || line.set(sport, at));
  await until('the follower prints', () => line.size > 0);
  const filter = 'tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn';
  const sniffer = spawn('tcpdump', ['-i', tap, '-nn', '-l', '-tt', filter], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  createInterface({ input: sniffer.stdout }).on('line', (text) => {
    const [, time, port] = /^(\d+\.\d+) IP \d+\.\d+\.\d+\.\d+\.(\d+) >/.exec(text) ?? [];
    if (time && port && !syn.has(Number(port))) syn.set(Number(port), Number(time) * 1000);
  });
  try {
    await until(`${connections} connections`, () => syn.size >= connections, 40_000);
    sniffer.kill();
    await until('each has a line', () => [...syn.keys()].every((port) => line.has(port)));
  } finally {
    for (const child of [sniffer, follower]) child.kill();
  }
  return [...syn].map(([port, at]) => (line.get(port) ?? assert.fail(`no line of ${port}`)) - at);
}
