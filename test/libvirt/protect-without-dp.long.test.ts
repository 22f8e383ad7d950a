// Guests in protect while vmoat-dp is dead, or hangs: what each NIC's fail policy says, and who goes on.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promised } from '../promised.ts';
import { watchTap } from './plumbing.ts';
import { eventually, whyNoPrivateLibvirt } from './private-libvirt.ts';
import { ProtectRig, SERVER } from './protect-rig.ts';
import type { ShellGuest } from './shell-guest.ts';
import { ENFORCERS, type VmoatStack } from './vmoat-stack.ts';

const HTTP = `timeout 3 wget -q -O - http://${SERVER}/hello`;
const REDIS = `nc -w 2 ${SERVER} 6379`;
/** A new connection about every 20 ms, for some seconds. */
const KNOCK = `for i in $(seq 100); do nc -w 1 ${SERVER} 6379 < /dev/null > /dev/null 2>&1 & usleep 20000; done; wait`;
const SYN = 'tcp dst port 6379 and tcp[tcpflags] & tcp-syn != 0';

const policy = (servers: string, failPolicy: string): string => `version: vmoat/v1
groups:
  - { name: clients, match: [{ name: { prefix: client } }], mode: protect, failPolicy: ${failPolicy} }
  - { name: servers, match: [{ name: { prefix: server } }], mode: ${servers}, failPolicy: ${failPolicy} }
rules:
  - { id: web, from: clients, to: servers, ports: [tcp/80, icmp], action: allow }
`;

for (const enforcer of ENFORCERS)
  suite(`without dp, by ${enforcer}`, { skip: whyNoPrivateLibvirt() ?? false, timeout: 600_000 }, () => {
    let rig: ProtectRig;
    let stack: VmoatStack;
    let client: ShellGuest;
    let server: ShellGuest;
    before(async () => {
      rig = await ProtectRig.start({ enforcer });
      ({ stack, client, server } = rig);
    });
    after(() => rig?.stop());

    for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
      /** While dp is dead or hung. */
      const without = async (act: () => Promise<void>): Promise<void> => {
        if (signal === 'SIGKILL') stack.hold('vmoat-dp');
        stack.kill('vmoat-dp', signal);
        try {
          await act();
        } finally {
          if (signal === 'SIGKILL') stack.letGo('vmoat-dp');
          else stack.kill('vmoat-dp', 'SIGCONT');
          await stack.ready();
        }
      };

      test(`${signal} of dp at a NIC that fails open: everything passes, until dp is back`, async (context) => {
        await rig.apply(policy('monitor', 'open'));
        await rig.inline(await client.taps());
        assert.ok(!(await client.does(REDIS)));
        const [tap = ''] = await server.taps();
        const came_ms: number[] = [];
        const watch = await watchTap(stack.libvirt, tap, SYN, (at_ms) => came_ms.push(at_ms));
        const knocks = client.sh(KNOCK);
        await sleep(1_000);
        assert.deepEqual(came_ms, []);
        const ended_ms = Date.now();
        await without(async () => {
          await knocks;
          assert.ok(await client.does(REDIS));
        });
        watch.kill();
        promised(context, `${signal}: undecided frames pass`, 300, (came_ms[0] ?? Infinity) - ended_ms);
        await eventually(async () => assert.ok(!(await client.does(REDIS))));
      });

      test(`${signal} of dp at a NIC that fails closed: nothing undecided passes, the rest goes on`, async () => {
        await rig.apply(policy('protect', 'closed'));
        await rig.inline(await rig.taps());
        const ping = client.sh(`ping -c 100 -i 0.05 -W 1 ${SERVER}`);
        await sleep(1_000);
        await without(async () => {
          await sleep(500);
          assert.ok(!(await server.does('nc -w 1 10.8.0.1 80')));
        });
        assert.match(await ping, /100 packets received/);
        await eventually(async () => assert.ok(await client.does(HTTP)));
      });
    }
  });
