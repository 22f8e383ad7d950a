// Protect on real guests of a real libvirt: what is refused, what goes on, and what is left behind.
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promised } from '../promised.ts';
import { arePlain, areSpliced, masters, networkDump, orphans, portOf, watchTap } from './plumbing.ts';
import { eventually, startPrivateLibvirt, until, whyNoPrivateLibvirt } from './private-libvirt.ts';
import { CHUNK, ShellGuest, type ShellImage, shellImage } from './shell-guest.ts';
import { domainXml } from './tiny-guest.ts';
import { startVmoatStack, type VmoatStack } from './vmoat-stack.ts';

const INIT = `ip link set lo up; ip link set eth0 up
ip address add 10.8.0.$n/24 dev eth0; ip -6 address add fd08::$n/64 dev eth0
echo hello > /www/hello; httpd -p 80 -h /www
nc -ll -p 6379 -e echo redis &`;
const MAC = '52:54:00:00:08:0';
const SERVER = '10.8.0.2';
const HTTP = `timeout 3 wget -q -O - http://${SERVER}/hello`;
const REDIS = `nc -w 2 ${SERVER} 6379`;

/** Two bridges: one forwards at once, the other has STP on as libvirt makes them by itself. */
const network = (name: string, stp: string, more = ''): string =>
  `<network><name>${name}</name><bridge name='${name}0' stp='${stp}' delay='0'/>${more}</network>`;
const DHCP = `<ip address='10.8.0.254' netmask='255.255.255.0'><dhcp><range start='10.8.0.100' end='10.8.0.199'/></dhcp></ip>`;
const nicOn = (n: number, name: string): string =>
  `<interface type='network'><source network='${name}'/><mac address='${MAC}${n}'/><model type='virtio'/></interface>`;

const policy = (clients: string, servers: string, failPolicy = 'open'): string => `version: vmoat/v1
groups:
  - { name: clients, match: [{ name: { prefix: client } }], mode: ${clients} }
  - { name: servers, match: [{ name: { prefix: server } }], mode: ${servers}, failPolicy: ${failPolicy} }
rules:
  - { id: web, from: clients, to: servers, ports: [tcp/80, icmp], action: allow }
`;

suite('protect on real guests', { skip: whyNoPrivateLibvirt() ?? false, timeout: 900_000 }, () => {
  let stack: VmoatStack;
  let image: ShellImage;
  let client: ShellGuest;
  let server: ShellGuest;
  const taps = async (): Promise<string[]> => [...(await client.taps()), ...(await server.taps())];
  const domain = (name: string, n: number) => ({ name, nics: nicOn(n, 'pro'), variables: `n=${n}` });

  before(async () => {
    stack = await startVmoatStack({ protects: true });
    await stack.libvirt.virshXml('net-create', network('pro', 'off', DHCP));
    await stack.libvirt.virshXml('net-create', network('stp', 'on'));
    image = await shellImage(stack.libvirt, INIT);
    client = await ShellGuest.make(stack.libvirt, image, domain('client', 1), 'define');
    server = await ShellGuest.make(stack.libvirt, image, domain('server', 2), 'define');
    for (const { name } of [client, server]) await stack.libvirt.virsh('start', name);
    await Promise.all([client.up(), server.up()]);
    await apply(policy('monitor', 'monitor'));
  });
  after(async () => {
    for (const guest of [client, server]) guest?.close();
    await stack?.stop();
  });

  const apply = async (text: string): Promise<void> => {
    const file = join(stack.libvirt.root, 'policy.yaml');
    writeFileSync(file, text);
    const { version } = (await stack.cli.status()).policy;
    await stack.cli.run('policy', 'apply', file, ...(version === null ? [] : ['--base', String(version)]));
  };
  const inline = (some: readonly string[]): Promise<void> =>
    until(`inline: ${some}`, () => areSpliced(stack.libvirt, some));
  const plain = (some: readonly string[]): Promise<void> =>
    until(`in their bridges: ${some}`, () => arePlain(stack.libvirt, some));

  test('what no rule allows is refused at once, whatever it is; the rest keeps working', async (context) => {
    const unserved = async (): Promise<number> =>
      Number(await server.sh("awk '/^Udp: [0-9]/ { print $3 }' /proc/net/snmp"));
    const ask = `timeout 1 nslookup example.org ${SERVER} || true`;
    const before = await unserved();
    await client.sh(ask);
    assert.ok((await unserved()) > before, 'outside protect a datagram comes to the server');
    await apply(policy('protect', 'protect'));
    await inline(await taps());
    const after = await unserved();
    for (const target of [SERVER, 'fd08::2']) {
      // as the guest's own clock has it: no tcpdump sees what is sent past the queue of a tap
      const took = await client.sh(`for i in 1 2 3; do time nc -w 5 ${target} 6379; done; true`);
      assert.equal(took.match(/refused/g)?.length, 3, took);
      const seconds = [...took.matchAll(/real\s+0m ([\d.]+)s/g)].map((match) => Number(match[1]));
      promised(
        context,
        `refused by ${target}, the program's start included`,
        50,
        1000 * Math.min(...seconds),
      );
    }
    await client.sh(ask);
    assert.equal(await unserved(), after, 'no datagram comes to the server');
    assert.ok(await client.does(`ping -c 2 -W 2 ${SERVER}`));
    assert.ok(!(await client.does('ping -6 -c 2 -W 1 fd08::2')), 'IPv6 is not let through beside IPv4');
    assert.equal(await client.sh(HTTP), 'hello\n');
    const why = await stack.cli.run(
      'explain',
      '--from',
      'vm:client',
      '--to',
      'vm:server',
      '--port',
      'tcp/80',
    );
    assert.match(why, /\bweb\b/);
  });

  test('a download goes on through 20 switches and the end of every process', async (context) => {
    const stream = await Download.start(stack, client, server);
    for (let round = 0; round < 10; round++) {
      await stack.cli.run('mode', 'clients', 'monitor');
      await plain(await client.taps());
      if (round === 3) stack.kill('vmoat-hostd');
      if (round === 6) stack.kill('vmoat-dp');
      if (round === 3 || round === 6) await stack.ready();
      await stack.cli.run('mode', 'clients', 'protect');
      await inline(await client.taps());
      if (round === 8) stack.kill('vmoat-dp', 'SIGTERM');
      if (round === 8) await stack.ready();
    }
    const { sum, expected, stall_ms, megabytes } = await stream.end();
    context.diagnostic(`${megabytes} MB, longest stall ${Math.round(stall_ms)} ms`);
    assert.equal(sum, expected);
    assert.ok(stall_ms < 2_000, `a stall of ${stall_ms} ms`);
  });

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

    test(`${signal} of dp at a NIC that fails open: everything passes, until dp is back`, async () => {
      await apply(policy('protect', 'monitor', 'open'));
      await inline(await client.taps());
      await without(() => eventually(async () => assert.ok(await client.does(REDIS))));
      await eventually(async () => assert.ok(!(await client.does(REDIS))));
    });

    test(`${signal} of dp at a NIC that fails closed: nothing undecided passes, the rest goes on`, async () => {
      await apply(policy('protect', 'protect', 'closed'));
      await inline(await taps());
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

  test('a libvirtd that starts again changes nothing', async () => {
    await stack.libvirt.kill('libvirtd');
    await stack.libvirt.start('libvirtd');
    await stack.ready();
    await inline(await taps());
    assert.ok(!(await client.does(REDIS)));
    assert.ok(await client.does(`ping -c 2 -W 2 ${SERVER}`));
  });

  test('a NIC that libvirt moves to another bridge is where libvirt wants it, and inline there', async () => {
    const [tap = ''] = await client.taps();
    const moved = async (name: string): Promise<void> => {
      await stack.libvirt.virshXml('update-device', nicOn(1, name), 'client', '--live');
      await eventually(async () => {
        const links = await masters(stack.libvirt);
        assert.deepEqual([links.get(tap), links.get(portOf(tap))], [undefined, `${name}0`]);
      });
    };
    try {
      await moved('stp');
    } finally {
      await moved('pro');
    }
    await eventually(async () => assert.ok(await client.does(`ping -c 1 -W 2 ${SERVER}`)));
    assert.ok(!(await client.does(REDIS)));
  });

  test('a NIC that is unplugged, a guest that is saved or ends, leave nothing', async () => {
    const { libvirt } = stack;
    await libvirt.virshXml('attach-device', nicOn(7, 'pro'), 'client', '--live');
    const second = (await client.taps())[1] ?? '';
    await inline([second]);
    await libvirt.virsh('detach-interface', 'client', 'network', '--mac', `${MAC}7`, '--live');
    await until('it is unplugged', async () => !(await masters(libvirt)).has(second));
    await eventually(async () => assert.deepEqual(await orphans(libvirt), []));

    const image = join(libvirt.root, 'images/saved');
    await libvirt.virsh('save', 'client', image);
    await eventually(async () => assert.deepEqual(await orphans(libvirt), []));
    await libvirt.virsh('restore', image);
    await client.up();
    await inline(await client.taps());
    await eventually(async () => assert.ok(await client.does(`ping -c 1 -W 2 ${SERVER}`)));
    assert.ok(!(await client.does(REDIS)));
  });

  test('a guest that migrates away leaves nothing', async () => {
    const there = await startPrivateLibvirt();
    try {
      await there.virshXml('net-create', network('pro', 'off'));
      await stack.libvirt.virshXml('create', domainXml('client-moves', { nics: nicOn(5, 'pro') }));
      const moves = /dev='(vnet\d+)'/.exec(await stack.libvirt.virsh('dumpxml', 'client-moves'))?.[1] ?? '';
      await inline([moves]);
      const target = `qemu+unix:///system?socket=${there.root}/run/libvirt/libvirt-sock`;
      const way = ['--desturi', target, '--migrateuri', `unix://${there.root}/images/migration`];
      await stack.libvirt.virsh('migrate', 'client-moves', '--live', ...way);
      assert.match(await there.virsh('list', '--name'), /client-moves/);
      await eventually(async () => assert.deepEqual(await orphans(stack.libvirt), []));
    } finally {
      await there.stop();
    }
  });

  test('a guest that starts without dp speaks with nobody until its policy is in', async () => {
    await apply(policy('protect', 'protect', 'open'));
    await inline(await taps());
    stack.hold('vmoat-dp');
    stack.kill('vmoat-dp');
    const late = await ShellGuest.make(stack.libvirt, image, domain('client-late', 3));
    await late.up();
    assert.ok(!(await late.does(`ping -c 2 -W 1 ${SERVER}`)));
    assert.match(await late.sh('ip neigh'), /52:54:00:00:08:02/, 'ARP passes');
    assert.ok(await late.does('udhcpc -i eth0 -n -q -t 5 -T 1 -s /bin/true'), 'DHCP passes');
    assert.ok(await client.does(`ping -c 1 -W 2 ${SERVER}`), 'others go on');
    stack.letGo('vmoat-dp');
    await stack.ready();
    await eventually(async () => assert.ok(await late.does(`ping -c 1 -W 1 ${SERVER}`)));
    await inline(await late.taps());
    assert.ok(!(await late.does(REDIS)));
    assert.doesNotMatch(await stack.libvirt.run('nft', 'list', 'ruleset'), /vmoat/);
    late.close();
    await stack.libvirt.virsh('destroy', 'client-late');
    await eventually(async () => assert.deepEqual(await orphans(stack.libvirt), []));
  });

  test('`vmoat-dp --restore` leaves the host as it was, and no guard', async () => {
    const restored = async (): Promise<Record<string, string>> => {
      stack.hold('vmoat-dp');
      stack.kill('vmoat-dp');
      await eventually(async () => assert.match(await stack.dp('--restore'), /off this host/));
      return networkDump(stack.libvirt);
    };
    const before = await restored();
    stack.letGo('vmoat-dp');
    await stack.ready();
    await inline(await taps());
    const after = await restored();
    for (const [what, was] of Object.entries(before)) assert.equal(after[what], was, what);
    assert.ok(await client.does(REDIS), 'nobody enforces any more');
    const free = await ShellGuest.make(stack.libvirt, image, domain('client-free', 4));
    await free.up();
    assert.ok(await free.does(`ping -c 2 -W 2 ${SERVER}`), 'nor guards who starts');
    free.close();
  });
});

/** A web server's answer without an end, and the tap that it comes by under watch. */
class Download {
  readonly #client: ShellGuest;
  readonly #server: ShellGuest;
  #watch: ChildProcess | null = null;
  #last_ms = 0;
  #stall_ms = 0;

  private constructor(client: ShellGuest, server: ShellGuest) {
    this.#client = client;
    this.#server = server;
  }

  static async start({ libvirt }: VmoatStack, client: ShellGuest, server: ShellGuest): Promise<Download> {
    const [tap = ''] = await client.taps();
    const download = new Download(client, server);
    const filter = `tcp and src ${SERVER} and src port 80`;
    download.#watch = await watchTap(libvirt, tap, filter, (at_ms) => download.#seen(at_ms));
    await client.sh(`wget -q -O - http://${SERVER}/cgi-bin/stream | md5sum > /sum &`);
    await until('the download has begun', () => download.#last_ms > 0);
    return download;
  }

  #seen(at_ms: number): void {
    if (this.#last_ms > 0) this.#stall_ms = Math.max(this.#stall_ms, at_ms - this.#last_ms);
    this.#last_ms = at_ms;
  }

  async end() {
    this.#watch?.kill();
    await this.#server.sh('touch /stop; while [ ! -e /chunks ]; do usleep 50000; done');
    const chunks = Number(await this.#server.sh('cat /chunks'));
    const sum = await this.#client.sh('while [ ! -s /sum ]; do usleep 50000; done; cut -c 1-32 /sum');
    const hash = createHash('md5');
    for (let chunk = 0; chunk < chunks; chunk++) hash.update(CHUNK);
    return { sum: sum.trim(), expected: hash.digest('hex'), stall_ms: this.#stall_ms, megabytes: chunks };
  }
}
