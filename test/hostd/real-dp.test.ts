// hostd without rights beside a real vmoat-dp: real packets, and each of the two killed in the middle of them.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { Flow, Graph, Nic, Page, Violations } from '../../hostd/api/schema.ts';
import { Explanation } from '../../hostd/policy/advice/shapes.ts';
import { CountedRule } from '../../hostd/policy/counters/shapes.ts';
import { promised } from '../promised.ts';
import { askSocket } from './ask.ts';
import { killed, RealHouse, required } from './real-house.ts';
import { until } from './until.ts';

const house = new RealHouse();

test('real packets become flows of the right application, without any right', required, async () => {
  house.lab.ping(3);
  const [flow] = await until(async () => {
    const found = await house.flows('app=icmp&proto=icmp');
    return found[0]?.packets.every((count) => count >= 3) ? found : null;
  }, 10_000);
  assert.deepEqual([flow?.src, flow?.dst, flow?.packets], ['10.77.0.2', '10.77.0.1', [3, 3]]);
  const [nic] = Page(Nic).parse(await house.api('/nics')).items;
  assert.deepEqual([nic?.tap, nic?.hook === 'none'], ['vmtap0', false]);
  const edge = Graph.parse(await house.api('/graph')).edges.find((each) => each.proto === 'icmp');
  assert.equal(edge?.app, 'icmp');
  const losses = Object.entries((await house.status())?.lost ?? { status: 1 }).filter(
    ([, count]) => count > 0,
  );
  assert.deepEqual(losses, []);
});

test('a new flow is printed by flows -f within 1.5 s', required, async (context) => {
  const child = house.start('flows', '-f', '-n', '0', '-o', 'json', '--proto', 'icmp');
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
  for (; open().length === 0; await sleep(500)) house.lab.ping(1); // until the follower is up and listens
  for (let n = 0; n < 3; n++) {
    const known = new Set(open());
    const sent = Date.now();
    house.lab.ping(1);
    await until(() => open().some((id) => !known.has(id)));
    promised(context, 'a packet is a line of flows -f', 1500, Date.now() - sent);
  }
  await killed(child);
});

test('a packet of the guest is a row of the page within 1.5 s', required, async (context) => {
  await house.browse(house.socket, 'view=flows', async (page) => {
    await page.waitForSelector('table.flows tbody tr');
    for (const port of [8801, 8802, 8803]) {
      const sent = Date.now();
      house.lab.refusedConnections([port]);
      await page.waitForSelector(`table.flows tbody tr:has-text("tcp/${port}")`);
      promised(context, 'a packet is a row of the page', 1500, Date.now() - sent);
    }
  });
});

test('hostd killed before it wrote what it had: the next one gets that again', required, async () => {
  const ports = Array.from({ length: 60 }, (_, i) => 9001 + i);
  for (let at = 0; at < ports.length; at += 20) {
    house.lab.refusedConnections(ports.slice(at, at + 20));
    await sleep(1200); // dp tells of them each second, hostd writes every two
    await house.killHostd();
    await house.startHostd();
  }
  const ended = async (): Promise<number[]> =>
    (await house.flows('proto=tcp')).filter(({ end }) => end === 'rst').map(({ dport }) => dport);
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
    askSocket(house.admin, `/api/v1${path}`, { method: 'POST', body });
  assert.equal((await change('/policy', { text, base: 0 })).status, 200);
  await until(async () => {
    const { policy } = (await house.status()) ?? {};
    return policy && policy.inForce === policy.generation;
  });
  const began = Date.now();
  house.lab.refusedConnections([9601, 9602]);
  const found = await until(async () => {
    // Others are those of open flows of before, which the policy is held against, too.
    const { items } = Violations.parse(await house.api('/violations'));
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
  const why = Explanation.parse(await house.api(`/policy/explanation?flow=${example}`));
  assert.deepEqual([why.rule, why.rules.at(-1)?.line, why.recorded?.violation], ['no-9602', 5, true]);
  house.lab.ping(2);
  const since = new Date(began).toISOString();
  const ping = await until(async () =>
    (await house.flows(`proto=icmp&since=${since}`)).find(({ rule }) => rule),
  );
  assert.deepEqual([ping.rule, ping.verdict, ping.violation], ['pings', 'allow', false]);
  const denying = await until(async () => {
    const found = await counted('no-9602');
    return found.flows > 0 && found.watchedMs > 0 ? found : null;
  });
  assert.deepEqual([denying.flows, denying.line], [1, 5]);
});

async function counted(id: string): Promise<CountedRule> {
  const { items } = Page(CountedRule).parse(await house.api('/policy/rules'));
  return items.find((rule) => rule.id === id) ?? assert.fail(`there is no rule ${id}`);
}

test('dp killed: hostd says so, and within 2 s of its restart all is back', required, async (context) => {
  await house.killDp(() => until(async () => (await house.status())?.dataplane.state === 'reconnecting'));
  await house.startDp();
  const up = Date.now();
  await until(() => house.connected());
  promised(context, 'hostd is connected to the new dp', 2000, Date.now() - up);
  house.lab.ping(2);
  const before = new Date(up).toISOString();
  await until(async () =>
    (await house.flows(`proto=icmp&since=${before}`)).some((flow) => flow.end === null),
  );
});

test(
  'hostd killed in the middle of a flow: the new one has the whole flow, counts it once, and has the old history',
  required,
  async () => {
    const known = (await house.flows('proto=icmp')).map((flow) => flow.id);
    const { flows: rulesFlows, packets } = await counted('pings');
    const pinging = spawn(
      'ip',
      ['netns', 'exec', house.lab.guestNs, 'ping', '-q', '-i', '0.1', '10.77.0.1'],
      {
        stdio: 'ignore',
      },
    );
    house.keep(pinging);
    const running = async (): Promise<Flow | undefined> =>
      (await house.flows('proto=icmp')).find((flow) => !known.includes(flow.id) && flow.end === null);
    const before = await until(running);
    await house.killHostd();
    await house.startHostd();
    const after = await until(async () => {
      const flow = await running();
      return flow && flow.packets[0] > before.packets[0] + 5 ? flow : null;
    });
    assert.equal(after.id, before.id);
    assert.equal(after.first, before.first);
    const ids = (await house.flows('proto=icmp')).map((flow) => flow.id);
    assert.deepEqual(
      known.filter((id) => !ids.includes(id)),
      [],
    );
    await killed(pinging);
    // Were anything counted twice or left out, the two would never be the same again.
    const rule = await until(async () => {
      const [whole] = (await house.flows('proto=icmp')).filter(({ id }) => id === before.id);
      const now = await counted('pings');
      const gained = [now.packets[0] - packets[0], now.packets[1] - packets[1]];
      return isDeepStrictEqual(whole?.packets, gained) ? now : null;
    });
    assert.equal(rule.flows, rulesFlows + 1);
  },
);
