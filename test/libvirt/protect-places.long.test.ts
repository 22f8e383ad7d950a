// Guests in protect whose NICs change under it: filters of libvirt's own, reboots, networks, MAC addresses, hot-plug.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { masters, orphans, portOf } from './plumbing.ts';
import { eventually, until, whyNoPrivateLibvirt } from './private-libvirt.ts';
import { domain, MAC, nicOn, ProtectRig, SERVER } from './protect-rig.ts';
import { ShellGuest } from './shell-guest.ts';

const PING = `ping -c 2 -W 2 ${SERVER}`;
const HTTP = `timeout 3 wget -q -O - http://${SERVER}/hello`;
/** Answered by the guest that serves, refused by vmoat, without an answer from libvirt's filter. */
const REDIS = `timeout 3 nc -w 2 ${SERVER} 6379 < /dev/null`;
const FILTER = `<filter name='no-redis' chain='root'>
  <rule action='drop' direction='out' priority='500'><tcp dstportstart='6379'/></rule></filter>`;

const policy = (more = ''): string => `version: vmoat/v1
groups:
  - { name: clients, match: [{ name: { prefix: client } }], mode: protect }
  - { name: servers, match: [{ name: { prefix: server } }], mode: protect }
rules:
  - { id: web, from: clients, to: servers, ports: [tcp/80, icmp${more}], action: allow }
`;

suite('NICs that change under protect', { skip: whyNoPrivateLibvirt() ?? false, timeout: 600_000 }, () => {
  let rig: ProtectRig;
  let client: ShellGuest;
  before(async () => {
    rig = await ProtectRig.start();
    client = rig.client;
    await rig.apply(policy());
    await rig.spliced(await rig.taps());
  });
  after(() => rig?.stop());

  const protectedAgain = async (guest = client): Promise<void> => {
    await eventually(async () => assert.ok(await guest.does(PING)));
    assert.equal(await guest.sh(HTTP), 'hello\n');
    assert.match(await guest.sh(`${REDIS} 2>&1 || true`), /refused/);
  };
  const libvirt = (...args: string[]): Promise<string> => rig.stack.libvirt.virsh(...args);

  test('a NIC with a filter of libvirt’s is enforced in place, and the filter goes on', async () => {
    await rig.stack.libvirt.virshXml('nwfilter-define', FILTER);
    await rig.apply(policy(', tcp/6379'));
    await eventually(async () => assert.match(await client.sh(REDIS), /redis/));
    const nic = (filter: string): string => nicOn(6, 'pro', filter);
    const filtered = nic("<filterref filter='no-redis'/>");
    const guest = await ShellGuest.make(rig.stack.libvirt, rig.image, domain('client-filtered', 6, filtered));
    await guest.up();
    const [tap = ''] = await guest.taps();
    const enforcedBy = async (what: RegExp): Promise<void> =>
      eventually(async () => assert.match((await rig.inline([tap])).get(tap) ?? '', what));
    const refusals = async (): Promise<boolean[]> => [await guest.does(PING), await guest.does(REDIS)];

    await enforcedBy(/^inplace: .*filterref/);
    assert.equal((await masters(rig.stack.libvirt)).get(tap), 'pro0', 'the tap stays where it is');
    await eventually(async () => assert.deepEqual(await refusals(), [true, false]));
    assert.match(await rig.stack.cli.run('nic', 'show', tap), /filterref/);

    await rig.stack.libvirt.virshXml('update-device', nic(''), 'client-filtered', '--live');
    await enforcedBy(/^splice/);
    await eventually(async () => assert.deepEqual(await refusals(), [true, true]));

    await rig.stack.libvirt.virshXml('update-device', filtered, 'client-filtered', '--live');
    await enforcedBy(/^inplace: .*filterref/);
    await eventually(async () => assert.deepEqual(await refusals(), [true, false]));

    guest.close();
    await libvirt('destroy', 'client-filtered');
    await rig.apply(policy());
    await eventually(async () => assert.deepEqual(await orphans(rig.stack.libvirt), []));
  });

  test('a guest that is reset, or off and on again, is inline again', async () => {
    await libvirt('reset', 'client');
    await client.up();
    await rig.spliced(await client.taps());
    await protectedAgain();

    await libvirt('destroy', 'client');
    await eventually(async () => assert.deepEqual(await orphans(rig.stack.libvirt), []));
    await libvirt('start', 'client');
    await client.up();
    await rig.spliced(await client.taps());
    await protectedAgain();
  });

  test('a network that ends leaves its taps free; they are inline again where libvirt puts them', async () => {
    await libvirt('net-destroy', 'pro');
    const taps = await rig.taps();
    await eventually(async () => {
      const links = await masters(rig.stack.libvirt);
      assert.deepEqual(
        taps.map((tap) => links.get(tap)),
        [undefined, undefined],
      );
      assert.ok(!links.has('pro0'));
    });
    await libvirt('net-start', 'pro');
    // libvirt plugs the taps of guests that run when it starts
    await rig.stack.libvirt.kill('libvirtd');
    await rig.stack.libvirt.start('libvirtd');
    await rig.stack.ready();
    await eventually(async () => {
      const links = await masters(rig.stack.libvirt);
      assert.deepEqual(
        taps.map((tap) => links.get(portOf(tap))),
        ['pro0', 'pro0'],
      );
    });
    await rig.spliced(taps);
    await protectedAgain();
  });

  test('a guest that takes another MAC address is heard by nobody, until it has its own again', async () => {
    const [tap = ''] = await client.taps();
    const spoofed = async (): Promise<number> => {
      const nic = (await rig.stack.cli.nics()).find((one) => one.tap === tap);
      return nic?.protection?.frames.spoofed?.[0] ?? 0;
    };
    const take = (mac: string): Promise<string> =>
      client.sh(`ip link set eth0 down; ip link set eth0 address ${mac}; ip link set eth0 up`);
    const before = await spoofed();
    await take('52:54:00:00:08:99');
    try {
      assert.ok(!(await client.does(PING)));
      await until('it is counted', async () => (await spoofed()) > before);
    } finally {
      await take(`${MAC}1`);
    }
    await protectedAgain();
  });

  test('a NIC that is plugged in is under the policy, and one that is unplugged leaves nothing', async () => {
    await rig.stack.libvirt.virshXml('attach-device', nicOn(7), 'client', '--live');
    const second = (await client.taps())[1] ?? '';
    await rig.spliced([second]);
    const up = 'ip link set eth1 up; ip address add 10.8.0.7/24 dev eth1; ip link set eth0 down';
    await until('the guest has it', () => client.does('ip link show eth1'));
    await client.sh(up);
    await protectedAgain();
    await client.sh('ip link set eth0 up; ip link set eth1 down');
    await libvirt('detach-interface', 'client', 'network', '--mac', `${MAC}7`, '--live');
    await until('it is unplugged', async () => !(await masters(rig.stack.libvirt)).has(second));
    await eventually(async () => assert.deepEqual(await orphans(rig.stack.libvirt), []));
    await protectedAgain();
  });
});
