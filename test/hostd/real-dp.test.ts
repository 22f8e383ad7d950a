// hostd without rights beside a real vmoat-dp: real packets, and each of the two killed in the middle of them.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import {
  Flow,
  Graph,
  LearnedName,
  Nic,
  Page,
  Status,
  Threat,
  ThreatKind,
  Violations,
  WebLogin,
} from '../../hostd/api/schema.ts';
import { Explanation } from '../../hostd/policy/advice/shapes.ts';
import { CountedRule } from '../../hostd/policy/counters/shapes.ts';
import { Browser } from '../browser/chromium.ts';
import { promised } from '../promised.ts';
import { hasLab, Lab } from '../wire/lab.ts';
import { askSocket } from './ask.ts';
import { until } from './house.ts';

const NOBODY = 65_534;
const MAIN = fileURLToPath(new URL('../../hostd/main.ts', import.meta.url));
const CLI = fileURLToPath(new URL('../../hostd/cli/main.ts', import.meta.url));
const lab = new Lab('hos');
const home = join(lab.folder, 'hostd');
const socket = join(home, 'api.sock');
const children = new Set<ChildProcess>();

const api = async (path: string): Promise<unknown> => (await askSocket(socket, `/api/v1${path}`)).json;
const status = async (): Promise<Status | null> => {
  const answer = Status.safeParse(await api('/status').catch(() => null));
  return answer.success ? answer.data : null;
};
const flows = async (query: string): Promise<Flow[]> =>
  Page(Flow).parse(await api(`/flows?${query}&limit=1000`)).items;
const connected = async (): Promise<Status | null> => {
  const now = await status();
  return now?.dataplane.state === 'connected' && now.nics.tapped === 1 ? now : null;
};

/** From source, in TypeScript, as user nobody. */
function start(...argv: string[]): ChildProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', ...argv], {
    uid: NOBODY,
    gid: NOBODY,
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    env: { PATH: process.env.PATH ?? '', HOME: home, TMPDIR: home },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.add(child);
  child.on('exit', () => children.delete(child));
  return child;
}

const startHostd = (): ChildProcess => {
  const child = start(MAIN, '--config', join(lab.folder, 'vmoat.yaml'));
  child.stdout?.resume();
  return child;
};

async function killed(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

const required = { skip: !hasLab, timeout: 300_000 };

before(
  async () => {
    if (!hasLab) return;
    lab.open();
    chmodSync(lab.folder, 0o755);
    mkdirSync(home);
    chownSync(home, NOBODY, NOBODY);
    writeFileSync(
      join(lab.folder, 'vmoat.yaml'),
      [
        `stateDir: ${join(home, 'state')}`,
        `sockets: { api: ${socket}, dataplane: ${lab.socket} }`,
        'web: { listen: "127.0.0.1:0" }',
        `libvirt: { bus: "unix:path=${join(lab.folder, 'no-bus')}" }`,
      ].join('\n'),
    );
  },
  { timeout: 20_000 },
);
after(async () => {
  for (const child of children) await killed(child);
  await lab.close();
});

let dp: ReturnType<Lab['dp']> | null = null;
let hostd: ChildProcess | null = null;
/** The lab's dp gives its socket to root's group, the first that may connect. */
async function startDp(): Promise<void> {
  const started = lab.dp('--user', String(NOBODY));
  dp = started;
  await until(() => started.output().includes('vmoat-dp is up'), 60_000);
  chownSync(lab.socket, 0, NOBODY);
}

test('real packets become flows of the right application, without any right', required, async () => {
  await startDp();
  hostd = startHostd();
  await until(connected, 120_000);
  lab.ping(3);
  const [flow] = await until(async () => {
    const found = await flows('app=icmp&proto=icmp');
    return found[0]?.packets.every((count) => count >= 3) ? found : null;
  }, 10_000);
  assert.deepEqual([flow?.src, flow?.dst, flow?.packets], ['10.77.0.2', '10.77.0.1', [3, 3]]);
  const [nic] = Page(Nic).parse(await api('/nics')).items;
  assert.deepEqual([nic?.tap, nic?.hook === 'none'], ['vmtap0', false]);
  const edge = Graph.parse(await api('/graph')).edges.find((each) => each.proto === 'icmp');
  assert.equal(edge?.app, 'icmp');
  const losses = Object.entries((await status())?.lost ?? { status: 1 }).filter(([, count]) => count > 0);
  assert.deepEqual(losses, []);
});

test('a new flow is printed by flows -f within 1.5 s', required, async (context) => {
  const child = start(CLI, '--socket', socket, 'flows', '-f', '-n', '0', '-o', 'json', '--proto', 'icmp');
  let out = '';
  child.stdout?.on('data', (chunk) => {
    out += chunk;
  });
  const open = (): string[] =>
    out
      .split('\n')
      .slice(0, -1)
      .map((line) => Flow.parse(JSON.parse(line)))
      .filter((flow) => flow.end === null)
      .map((flow) => flow.id);
  for (; open().length === 0; await sleep(500)) lab.ping(1); // until the follower is up and listens
  for (let n = 0; n < 3; n++) {
    const known = new Set(open());
    const sent = Date.now();
    lab.ping(1);
    await until(() => open().some((id) => !known.has(id)));
    promised(context, 'a packet is a line of flows -f', 1500, Date.now() - sent);
  }
  await killed(child);
});

test('a packet of the guest is a row of the page within 1.5 s', required, async (context) => {
  const answer = await askSocket(socket, '/api/v1/web-login', { method: 'POST' });
  const link = new URL(WebLogin.parse(answer.json).url);
  link.search = 'view=flows';
  const browser = await Browser.start({ ignoreHTTPSErrors: true });
  try {
    const page = await browser.page(link.href);
    await page.waitForSelector('table.flows tbody tr');
    for (const port of [8801, 8802, 8803]) {
      const sent = Date.now();
      lab.refusedConnections([port]);
      await page.waitForSelector(`table.flows tbody tr:has-text("tcp/${port}")`);
      promised(context, 'a packet is a row of the page', 1500, Date.now() - sent);
    }
  } finally {
    await browser.stop();
  }
});

const nameQuery = 'name=*.vmoat.example&limit=1000';
const names = async (): Promise<LearnedName[]> =>
  Page(LearnedName).parse(await api(`/names?${nameQuery}`)).items;

/** A resolver on the host's side, which knows an alias of a host with both kinds of addresses. */
async function resolver(): Promise<void> {
  const child = spawn(
    'ip',
    [
      ...['netns', 'exec', lab.hostNs, 'dnsmasq', '--keep-in-foreground', '--conf-file=/dev/null'],
      ...['--no-resolv', '--no-hosts', '--user=root', '--pid-file=', '--log-facility=-', '--bind-interfaces'],
      ...['--listen-address=10.77.0.1', '--no-dhcp-interface=*', '--local-ttl=20'],
      '--host-record=web.vmoat.example,192.0.2.80,2001:db8::80',
      '--cname=www.vmoat.example,web.vmoat.example',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  children.add(child);
  child.on('exit', () => children.delete(child));
  let log = '';
  child.stderr?.on('data', (chunk) => {
    log += chunk;
  });
  await until(() => log.includes('started'));
}

/** The guest asks for the addresses of a name; nothing else listens to the answer. */
async function lookUp(name: string): Promise<void> {
  const script = `const r = new (require('dns').promises.Resolver)(); r.setServers(['10.77.0.1']);
    Promise.all([r.resolve4('${name}'), r.resolve6('${name}')]).catch((e) => { console.error(e); process.exit(1); })`;
  const child = spawn('ip', ['netns', 'exec', lab.guestNs, process.execPath, '-e', script], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  assert.deepEqual((await once(child, 'exit'))[0], 0);
}

test(
  'names that DNS told a guest are learned, through aliases, and told a new hostd again',
  required,
  async () => {
    await resolver();
    const both = ['192.0.2.80', '2001:db8::80'];
    const learned = async (): Promise<LearnedName[] | null> => {
      const found = (await names()).filter(({ name }) => name === 'www.vmoat.example');
      return found.length === both.length ? found : null;
    };
    await lookUp('www.vmoat.example');
    const found = await until(learned);
    assert.deepEqual(found.map(({ address }) => address).sort(), both);
    for (const { nic, server, ttl, seen, until: end } of found) {
      assert.deepEqual([nic, server, ttl], ['vmtap0', '10.77.0.1', 60]);
      assert.equal(Date.parse(end) - Date.parse(seen), 90_000);
    }
    assert.match(
      await ran('names', '--name', 'www.*.example'),
      /^www\.vmoat\.example +\S+ +vmtap0 +10\.77\.0\.1 /m,
    );
    assert.ok(hostd);
    await lookUp('www.vmoat.example');
    await killed(hostd);
    hostd = startHostd();
    await until(connected, 120_000);
    await until(async () => (await names()).some(({ address }) => address === '192.0.2.80'));
  },
);

const portsFrom = (first: number): number[] => Array.from({ length: 40 }, (_, i) => first + i);
const threats = async (query: string): Promise<Threat[]> =>
  Page(Threat).parse(await api(`/threats?${query}`)).items;

test(
  'a guest that scans ports is a threat: in the API, on the command line, on the page',
  required,
  async () => {
    assert.deepEqual(await threats('limit=10'), [], 'nothing that went before was an attack');
    const following = start(CLI, '--socket', socket, 'threats', '-f', '-o', 'json');
    let followed = '';
    following.stdout?.on('data', (chunk) => {
      followed += chunk;
    });
    lab.refusedConnections(portsFrom(7001));
    const scan = await until(async () => (await threats('name=port-scan'))[0]);
    assert.deepEqual(
      [scan.severity, scan.src, scan.dst, scan.proto, scan.nic, scan.sender, scan.from?.nic],
      ['medium', '10.77.0.2', '10.77.0.1', 'tcp', 'vmtap0', 'guest', 'vmtap0'],
    );
    assert.match(scan.evidence, /^\d+ ports of 10\.77\.0\.1 did not answer/);
    const kinds = Page(ThreatKind).parse(await api('/threat-kinds')).items;
    assert.ok(kinds.find(({ name }) => name === 'port-scan')?.thresholds.length);
    assert.match(
      await ran('threats', '--name', 'port-scan'),
      /^medium +port-scan +vmtap0 \(10\.77\.0\.2\) /m,
    );
    assert.match(
      await ran('threats', 'show', scan.id),
      /^evidence +\d+ ports of 10\.77\.0\.1 did not answer/m,
    );
    assert.match(await ran('status'), /^threats +\d+ open/m);
    await until(() => followed.includes(`"${scan.id}"`));
    await killed(following);
    const answer = await askSocket(join(home, 'admin.sock'), '/api/v1/web-login', { method: 'POST' });
    const link = new URL(WebLogin.parse(answer.json).url);
    link.search = 'view=threats&name=port-scan';
    const browser = await Browser.start({ ignoreHTTPSErrors: true });
    try {
      const page = await browser.page(link.href);
      await page.click('table.threats tbody tr:has-text("port-scan")');
      await page.waitForSelector('.panel .evidence:has-text("ports of 10.77.0.1")');
      await page.click('.acknowledging .button.primary');
      await page.waitForSelector('.acknowledging .button:text-is("Open again")');
    } finally {
      await browser.stop();
    }
    assert.equal((await threats('name=port-scan&acknowledged=yes'))[0]?.id, scan.id);
  },
);

/** A command line as hostd's own user. */
async function ran(...argv: string[]): Promise<string> {
  const child = start(CLI, '--socket', socket, ...argv);
  let out = '';
  child.stdout?.on('data', (chunk) => {
    out += chunk;
  });
  const [code] = await once(child, 'close');
  assert.equal(code, 0, out);
  return out;
}

test('a member of the group reads, and may not acknowledge', required, async () => {
  const [scan] = await threats('name=port-scan');
  const own = join(lab.folder, 'member');
  mkdirSync(own);
  chownSync(own, NOBODY - 1, NOBODY);
  const member = async (...argv: string[]): Promise<[number | null, string]> => {
    const child = spawn(process.execPath, ['--import', 'tsx', CLI, '--socket', socket, 'threats', ...argv], {
      uid: NOBODY - 1,
      gid: NOBODY,
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      env: { PATH: process.env.PATH ?? '', HOME: own, TMPDIR: own },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.add(child);
    let out = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        out += chunk;
      });
    const [code] = await once(child, 'close');
    children.delete(child);
    return [code, out];
  };
  const [read, shown] = await member('show', scan?.id ?? '');
  assert.equal(read, 0, shown);
  assert.match(shown, /^acknowledged +\S+ by root$/m);
  const [refused, why] = await member('ack', scan?.id ?? '', '--undo');
  assert.equal(refused, 1, why);
  assert.match(why, /you may not use \S+admin\.sock\nonly root may do this/);
  assert.equal((await threats('name=port-scan'))[0]?.acknowledged?.by, 'root');
});

test(
  'hostd killed in the middle of an attack: each incident is there once, and acknowledged as it was',
  required,
  async () => {
    assert.ok(hostd);
    const before = await threats('name=port-scan');
    const [scan] = before;
    await killed(hostd);
    lab.refusedConnections(portsFrom(7101));
    hostd = startHostd();
    await until(connected, 120_000);
    const after = await until(async () => {
      const found = await threats('name=port-scan');
      return found.some(({ id, count }) => id !== scan?.id || count > scan.count) ? found : null;
    });
    const old = after.find(({ id }) => id === scan?.id);
    assert.deepEqual([old?.first, old?.acknowledged?.by], [scan?.first, 'root']);
    assert.equal(new Set(after.map(({ id }) => id)).size, after.length);
  },
);

test('hostd killed before it wrote what it had: the next one gets that again', required, async () => {
  const ports = Array.from({ length: 60 }, (_, i) => 9001 + i);
  for (let at = 0; at < ports.length; at += 20) {
    assert.ok(hostd);
    lab.refusedConnections(ports.slice(at, at + 20));
    await sleep(1200); // dp tells of them each second, hostd writes every two
    await killed(hostd);
    hostd = startHostd();
    await until(connected, 120_000);
  }
  const ended = async (): Promise<number[]> =>
    (await flows('proto=tcp')).filter(({ end }) => end === 'rst').map(({ dport }) => dport);
  await until(async () => (await ended()).includes(9060));
  assert.deepEqual(
    (await ended()).sort((a, b) => a - b).filter((port) => port >= 9001),
    ports,
  );
});

test('a policy is in force at once: what it allows, and what is a violation', required, async (context) => {
  const text = `version: vmoat/v1
defaultMode: monitor
rules:
  - { id: pings, from: unknown, to: any, ports: [icmp/8], action: allow }
  - { id: no-9602, from: any, to: any, ports: [tcp/9602], action: deny }
`;
  const change = (path: string, body: object) =>
    askSocket(join(home, 'admin.sock'), `/api/v1${path}`, { method: 'POST', body });
  assert.equal((await change('/policy', { text, base: 0 })).status, 200);
  await until(async () => {
    const { policy } = (await status()) ?? {};
    return policy && policy.inForce === policy.generation;
  });
  const began = Date.now();
  lab.refusedConnections([9601, 9602]);
  const found = await until(async () => {
    // Others are those of open flows of before, which the policy is held against, too.
    const { items } = Violations.parse(await api('/violations'));
    const both = items.filter(({ port }) => port === 9601 || port === 9602);
    return both.length === 2 ? both : null;
  });
  promised(context, 'unwanted traffic is a violation', 2000, Date.now() - began);
  assert.deepEqual(
    found.map(({ port, decidedBy, rule, verdict }) => [port, decidedBy, rule, verdict]).sort(),
    [
      [9601, 'mode', null, 'allow'],
      [9602, 'rule', 'no-9602', 'allow'],
    ],
  );
  const example = found.find(({ port }) => port === 9602)?.example;
  const why = Explanation.parse(await api(`/policy/explanation?flow=${example}`));
  assert.deepEqual([why.rule, why.rules.at(-1)?.line, why.recorded?.violation], ['no-9602', 5, true]);
  lab.ping(2);
  const since = new Date(began).toISOString();
  const ping = await until(async () => (await flows(`proto=icmp&since=${since}`)).find(({ rule }) => rule));
  assert.deepEqual([ping.rule, ping.verdict, ping.violation], ['pings', 'allow', false]);
  const denying = await until(async () => {
    const found = await counted('no-9602');
    return found.flows > 0 && found.watchedMs > 0 ? found : null;
  });
  assert.deepEqual([denying.flows, denying.line], [1, 5]);
});

async function counted(id: string): Promise<CountedRule> {
  const { items } = Page(CountedRule).parse(await api('/policy/rules'));
  return items.find((rule) => rule.id === id) ?? assert.fail(`there is no rule ${id}`);
}

test('dp killed: hostd says so, and within 2 s of its restart all is back', required, async (context) => {
  assert.ok(dp);
  dp.child.kill('SIGKILL');
  await until(async () => (await status())?.dataplane.state === 'reconnecting');
  await dp.exited;
  await startDp();
  const up = Date.now();
  await until(connected);
  promised(context, 'hostd is connected to the new dp', 2000, Date.now() - up);
  lab.ping(2);
  const before = new Date(up).toISOString();
  await until(async () => (await flows(`proto=icmp&since=${before}`)).some((flow) => flow.end === null));
});

test(
  'hostd killed in the middle of a flow: the new one has the whole flow, counts it once, and has the old history',
  required,
  async () => {
    assert.ok(hostd);
    const known = (await flows('proto=icmp')).map((flow) => flow.id);
    const { flows: rulesFlows, packets } = await counted('pings');
    const pinging = spawn('ip', ['netns', 'exec', lab.guestNs, 'ping', '-q', '-i', '0.1', '10.77.0.1'], {
      stdio: 'ignore',
    });
    children.add(pinging);
    const running = async (): Promise<Flow | undefined> =>
      (await flows('proto=icmp')).find((flow) => !known.includes(flow.id) && flow.end === null);
    const before = await until(running);
    await killed(hostd);
    hostd = startHostd();
    await until(connected, 120_000);
    const after = await until(async () => {
      const flow = await running();
      return flow && flow.packets[0] > before.packets[0] + 5 ? flow : null;
    });
    assert.equal(after.id, before.id);
    assert.equal(after.first, before.first);
    const ids = (await flows('proto=icmp')).map((flow) => flow.id);
    assert.deepEqual(
      known.filter((id) => !ids.includes(id)),
      [],
    );
    await killed(pinging);
    children.delete(pinging);
    // Were anything counted twice or left out, the two would never be the same again.
    const rule = await until(async () => {
      const [whole] = (await flows('proto=icmp')).filter(({ id }) => id === before.id);
      const now = await counted('pings');
      const gained = [now.packets[0] - packets[0], now.packets[1] - packets[1]];
      return isDeepStrictEqual(whole?.packets, gained) ? now : null;
    });
    assert.equal(rule.flows, rulesFlows + 1);
  },
);
