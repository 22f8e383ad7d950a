// The exported filters as libvirt puts them before taps: every packet goes as the evaluator says.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { compilePolicy } from '../../dp/client/policy.ts';
import type { PolicyTables } from '../../dp/contract/policy.ts';
import { type PrivateLibvirt, startPrivateLibvirt, whyNoPrivateLibvirt } from '../libvirt/private-libvirt.ts';
import { filters, HOST, randomTables } from './nwfilter-policies.ts';
import { type End, ICMP, ICMPV6, type Packet, TCP, UDP } from './packet.ts';
import { randomOf } from './random.ts';
import { TapLab } from './tap-lab.ts';

const SEED = 20_261_122;
const POLICIES = 8;
const random = randomOf(SEED);
const ESP = 50;
/** Of those that begin a connection: an ICMP error by itself belongs to none, and no rule allows it. */
const KINDS = [
  ...([4, 6] as const).flatMap((family) =>
    [7000, 7001, 7003].flatMap((port) => [UDP, TCP].map((proto) => ({ family, proto, port }))),
  ),
  { family: 4 as const, proto: ICMP, port: 0x0800 },
  { family: 6 as const, proto: ICMPV6, port: 0x8000 },
];

const vm = (name: string, last: number): End => ({
  ...{ name, mac: `52:54:00:00:00:0${name}`, address4: `10.9.0.${last}`, address6: `2001:db8::${name}` },
});
const VMS = [vm('a', 1), vm('b', 2), vm('c', 3)];
const OUTSIDE_MAC = '02:00:00:00:00:09';
const ALL_MAC = 'ff:ff:ff:ff:ff:ff';
/** All behind one port that has no filter. */
const outside = (address4: string, address6: string, mac = OUTSIDE_MAC): End => ({
  ...{ name: 'x', mac, address4, address6 },
});
const OTHERS = [
  outside(HOST, '2001:db8::254'),
  outside('10.9.0.9', '2001:db8::5'),
  outside('192.0.2.7', '2001:db9::1'),
  outside('10.9.1.9', '2001:db9::2'),
  outside('10.9.1.10', '2001:db8:1::1'),
];
const MANY = [
  outside('224.0.0.251', 'ff02::fb', '01:00:5e:00:00:fb'),
  outside('255.255.255.255', 'ff02::1', ALL_MAC),
  outside('10.9.0.255', 'ff02::2', ALL_MAC),
];
const PAIRS = [
  ...VMS.flatMap((from) =>
    [...VMS.filter((to) => to !== from), ...OTHERS, ...MANY].map((to) => ({ from, to })),
  ),
  ...OTHERS.flatMap((from) => VMS.map((to) => ({ from, to }))),
];
const PORTS = [
  ...VMS.map(({ name, mac }) => ({ name, mac, many: false })),
  { name: 'x', mac: OUTSIDE_MAC, many: true },
];
const ADDRESSES = new Map(
  VMS.map(({ name, address4, address6 }) => [`uuid-${name}/mac`, [address4, address6]]),
);

/** Connection tracking knows ESP by its addresses alone: one way only, or an answer would belong to it. */
const packets = (nextId: () => number): Packet[] =>
  PAIRS.flatMap((ends) => {
    const isOut = ends.to.name === 'x' && ends.from.name !== 'x';
    const kinds = isOut ? [...KINDS, { family: 4 as const, proto: ESP, port: 0 }] : KINDS;
    return kinds.map((kind) => ({ ...kind, ...ends, id: nextId() }));
  });

/** What the evaluator says of each. */
function verdicts(tables: PolicyTables): (packet: Packet) => boolean {
  const policy = compilePolicy(tables);
  const identity = (end: End, family: 4 | 6): number =>
    end.name === 'x'
      ? policy.identity({ segment: 1, address: family === 4 ? end.address4 : end.address6 })
      : policy.identity({ tap: `tap-${end.name}` });
  return ({ from, to, family, proto, port }) =>
    policy.evaluate({
      ...{ from: identity(from, family), to: identity(to, family), proto, port, applicationFinal: true },
    }).verdict === 'allow';
}

const binding = ({ name, mac }: End): string => `<filterbinding>
  <owner><name>${name}</name><uuid>b7f3c6ce-19a9-4a87-8e06-2c2c0f2b3c1${name}</uuid></owner>
  <portdev name='tap-${name}'/><mac address='${mac}'/><filterref filter='vmoat-${name}'/>
</filterbinding>`;

/** Never started: it is there for what libvirt puts before its NIC. */
const DOMAIN = `<domain type='qemu'><name>a-again</name><memory unit='MiB'>32</memory>
  <os><type arch='x86_64' machine='pc'>hvm</type></os><devices><memballoon model='none'/>
  <interface type='bridge'><source bridge='br0'/><target dev='tap-again'/><model type='virtio'/>
    <filterref filter='vmoat-a'/></interface></devices></domain>`;

suite('nwfilter, with packets', { skip: whyNoPrivateLibvirt() ?? false, timeout: 600_000 }, () => {
  let libvirt: PrivateLibvirt;
  let lab: TapLab;
  let id = 0;
  const seen = { allowed: 0, denied: 0 };
  const load = async (tables: PolicyTables): Promise<string> => {
    const { text, unexpressed } = filters(tables, ADDRESSES);
    assert.deepEqual(unexpressed, []);
    const page = readFileSync(new URL('../../docs/exports.md', import.meta.url), 'utf8');
    const command = /```sh\n(awk [\s\S]*?)\n```/.exec(page)?.[1] ?? '';
    const file = join(libvirt.root, 'images/filters.xml');
    writeFileSync(file, text);
    await libvirt.run('sh', '-c', command.replace(/\bFILE\b/, file));
    return text;
  };

  before(async () => {
    libvirt = await startPrivateLibvirt();
    lab = new TapLab(libvirt, PORTS);
    await lab.open();
  });
  after(async () => {
    await lab?.close();
    await libvirt?.stop();
  });

  for (let round = 0; round < POLICIES; round++)
    test(`policy ${round} of seed ${SEED}: every packet goes as the evaluator says`, async () => {
      const tables = randomTables({ vague: false }, random);
      const text = await load(tables);
      // libvirt keeps the binding, and changes its rules with the filter.
      if (round === 0) for (const end of VMS) await libvirt.virshXml('nwfilter-binding-create', binding(end));
      const allows = verdicts(tables);
      const sent = packets(() => ++id);
      const wanted = sent.filter(allows);
      seen.allowed += wanted.length;
      seen.denied += sent.length - wanted.length;
      for (const packet of sent) lab.send(packet.from.name, packet);
      await lab.settle(wanted);
      const wrong = sent.filter((packet) => lab.arrived.has(packet.id) !== allows(packet));
      assert.deepEqual(
        wrong.map(({ from, to, family, proto, port }) =>
          [from.name, family === 4 ? to.address4 : to.address6, proto, port].join(' '),
        ),
        [],
        text,
      );
    });

  test('both answers occurred', () => {
    assert.ok(seen.allowed > 100 && seen.denied > 100, JSON.stringify(seen));
  });

  test('a VM whose interface refers to a filter has the same rules before its tap', async () => {
    const tables = randomTables({ vague: false }, random);
    await load({ ...tables, groups: tables.groups.map((group) => ({ ...group, mode: 'protect' })) });
    await libvirt.virshXml('create', DOMAIN, '--paused');
    for (const command of ['iptables-save', 'ip6tables-save']) {
      const lines = (await libvirt.run(command)).split('\n');
      const rules = (tap: string): string[] =>
        lines
          .filter((line) => /^-A F[IO]-/.test(line) && line.includes(`${tap} `))
          .map((line) => line.replace(tap, 'TAP'));
      assert.deepEqual(rules('tap-again'), rules('tap-a'));
      assert.ok(rules('tap-a').length > 4, lines.join('\n'));
    }
    await libvirt.virsh('destroy', 'a-again');
  });
});
