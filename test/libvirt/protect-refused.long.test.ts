// What real guests may not is refused, and what they may goes on: every protocol, plain, tagged and in fragments.
import assert from 'node:assert/strict';
import { after, before, suite, type TestContext, test } from 'node:test';
import { Flow } from '../../hostd/api/schema.ts';
import { Explanation } from '../../hostd/policy/advice/shapes.ts';
import { promised } from '../promised.ts';
import { eventually, whyNoPrivateLibvirt } from './private-libvirt.ts';
import { ProtectRig, SERVER } from './protect-rig.ts';
import { ENFORCERS } from './vmoat-stack.ts';

/** The guest's own kernel makes the tags. */
const TAGGED = `ip link add link eth0 name tag5 type vlan id 5; ip link set tag5 up
ip address add 10.8.5.$n/24 dev tag5; ip -6 address add fd08:5::$n/64 dev tag5
# a bridge takes no frame with two tags that is longer than one with one
ip link add link tag5 name tag6 type vlan id 6; ip link set tag6 mtu 1496 up
ip address add 10.8.6.$n/24 dev tag6`;

const POLICY = `version: vmoat/v1
groups:
  - { name: clients, match: [{ name: { prefix: client } }], mode: protect }
  - { name: servers, match: [{ name: { prefix: server } }], mode: protect }
rules:
  - { id: no-redis, from: clients, to: servers, ports: [tcp/6379], action: deny }
  - { id: may, from: clients, to: servers, ports: [tcp/80, udp/7, icmp, icmpv6], action: allow }
`;

/** How the server is reached, beneath network…1 and …2 the same way. */
const WAYS = [
  { what: 'IPv4', client: '10.8.0.1', server: SERVER },
  { what: 'IPv6', client: 'fd08::1', server: 'fd08::2' },
  { what: 'IPv4 with a tag', client: '10.8.5.1', server: '10.8.5.2' },
  { what: 'IPv6 with a tag', client: 'fd08:5::1', server: 'fd08:5::2' },
  { what: 'IPv4 with two tags', client: '10.8.6.1', server: '10.8.6.2' },
] as const;
const isV6 = (address: string): boolean => address.includes(':');
/** Bytes of payload: the second does not fit into a frame. */
const SIZES = [100, 4000] as const;

for (const enforcer of ENFORCERS)
  suite(`what guests may not, by ${enforcer}`, {
    skip: whyNoPrivateLibvirt() ?? false,
    timeout: 600_000,
  }, () => {
    let rig: ProtectRig;
    let guarded = '';
    before(async () => {
      rig = await ProtectRig.start({ enforcer, init: TAGGED, modules: ['8021q'] });
      // who they are is learned before anybody is guarded, as on a host where protect is switched on
      for (const { client, server } of WAYS) {
        await eventually(async () => assert.ok(await rig.client.does(`ping -c 1 -W 1 ${server}`)));
        await eventually(async () => assert.ok(await rig.server.does(`ping -c 1 -W 1 ${client}`)));
      }
      await rig.apply(POLICY);
      for (const by of (await rig.inline(await rig.taps())).values()) assert.ok(by.startsWith(enforcer), by);
      guarded = new Date().toISOString();
      await rig.client.sh(`ping -i 0.1 ${SERVER} > /rest 2>&1 & echo $! > /rest.pid`);
    });
    after(() => rig?.stop());

    for (const { what, client, server } of WAYS) {
      const url = `http://${isV6(server) ? `[${server}]` : server}/hello`;

      test(`${what}: a connection that no rule allows gets a reset, the others go on`, async (context) => {
        assert.equal(await rig.client.sh(`timeout 5 wget -q -O - ${url}`), 'hello\n');
        await refused(context, rig, server);
        assert.equal(await rig.client.sh(`timeout 5 wget -q -O - ${url}`), 'hello\n');
      });

      for (const bytes of SIZES) {
        const shape = bytes > 1500 ? 'in fragments' : 'in one piece';

        test(`${what}: datagrams ${shape} come to the allowed port and to no other, and are answered`, async () => {
          const allowed = { arrived: true, answered: true };
          assert.deepEqual(await datagram(rig, server, 7, bytes), allowed);
          assert.deepEqual(await datagram(rig, server, 9, bytes), { arrived: false, answered: false });
          assert.deepEqual(await datagram(rig, server, 7, bytes), allowed);
        });

        test(`${what}: the client may ping ${shape}, the server may not`, async () => {
          const ping = (to: string): string => `ping -c 2 -W 1 -s ${bytes} ${to}`;
          assert.ok(await rig.client.does(ping(server)));
          assert.ok(!(await rig.server.does(ping(client))));
          assert.ok(await rig.client.does(ping(server)));
        });
      }
    }

    test('what was allowed all along has lost nothing', async () => {
      await rig.client.sh('kill -INT $(cat /rest.pid); sleep 0.5');
      const rest = await rig.client.sh('tail -n 3 /rest');
      assert.match(rest, /, 0% packet loss/);
    });

    test('explain names the rule, the groups, the modes and what carries the verdict out', async () => {
      const ask = ['--from', 'vm:client', '--to', 'vm:server', '--port', 'tcp/6379'];
      const why = await rig.stack.cli.parsed(Explanation, 'explain', ...ask);
      assert.deepEqual([why.verdict, why.decidedBy, why.rule], ['deny', 'rule', 'no-redis']);
      assert.deepEqual([why.from.mode, why.from.modeFrom], ['protect', 'clients']);
      assert.deepEqual([why.to.mode, why.to.modeFrom], ['protect', 'servers']);
      const by = why.enforcement.nics.map((nic) => [nic.side, nic.enforcer]);
      assert.deepEqual(by, [
        ['from', enforcer],
        ['to', enforcer],
      ]);
    });

    test('explain says of each flow that was refused by what, and what became of it', async () => {
      assert.deepEqual(await told(rig, guarded, 'tcp', 6379), [['deny', 'rule', 'no-redis', 'reset']]);
      assert.deepEqual(await told(rig, guarded, 'udp', 9), [['deny', 'mode', null, 'dropped']]);
      for (const [proto, echo] of [
        ['icmp', 8],
        ['icmpv6', 128],
      ] as const)
        assert.deepEqual(await told(rig, guarded, proto, echo), [['deny', 'mode', null, 'dropped']]);
    });
  });

/** As the guest's own clock has it: no tcpdump sees what is sent past the queue of a tap. */
async function refused(context: TestContext, { client }: ProtectRig, address: string): Promise<void> {
  const took = await client.sh(`for i in 1 2 3; do time nc -w 5 ${address} 6379; done; true`);
  assert.equal(took.match(/refused/g)?.length, 3, took);
  const seconds = [...took.matchAll(/real\s+0m ([\d.]+)s/g)].map((match) => Number(match[1]));
  assert.equal(seconds.length, 3, took);
  promised(context, `refused by ${address}, the slowest of three`, 50, 1000 * Math.max(...seconds));
}

/** What becomes of the client's datagram to a port at which nobody listens: the server's kernel gets it, and says so. */
async function datagram({ client, server }: ProtectRig, to: string, port: number, bytes: number) {
  const [program, file, count] = isV6(to)
    ? ['traceroute6', '/proc/net/snmp6', '/^Udp6NoPorts/ { print $2 }']
    : ['traceroute', '/proc/net/snmp', '/^Udp: [0-9]/ { print $3 }'];
  const unserved = async (): Promise<number> => Number(await server.sh(`awk '${count}' ${file}`));
  const before = await unserved();
  // The first probe goes to the port behind the one that it is told, and over IPv6 looks like an answer of RPC's.
  const said = await client.sh(`${program} -n -q 2 -m 1 -w 1 -p ${port - 2} ${to} ${bytes}`);
  return { arrived: (await unserved()) > before, answered: / ms/.test(said) };
}

/** Verdict, who decided, by which rule and what became of it: of all denied flows to a port (of ICMP a type)
 * that began since, once each. */
async function told(
  { stack: { cli } }: ProtectRig,
  since: string,
  proto: string,
  port: number,
): Promise<unknown[]> {
  const ask = ['--verdict', 'deny', '--proto', proto, '--port', String(port), '--last', '50', '-o', 'json'];
  const lines = (await cli.run('flows', ...ask)).split('\n').filter(Boolean);
  const flows = lines.map((line) => Flow.parse(JSON.parse(line))).filter(({ first }) => first > since);
  assert.notEqual(flows.length, 0, `no denied flow of ${proto}/${port}`);
  const said = new Map<string, unknown>();
  for (const { id } of flows) {
    const { recorded } = await cli.parsed(Explanation, 'explain', id);
    const told = [recorded?.verdict, recorded?.decidedBy, recorded?.rule, recorded?.enforced];
    said.set(JSON.stringify(told), told);
  }
  return [...said.values()];
}
