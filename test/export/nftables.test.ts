// The exported ruleset against the evaluator: loaded for real, real packets through a real bridge.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { compilePolicy } from '../../dp/client/policy.ts';
import type { Mode, PolicyGroup, PolicyRule, PolicyTables } from '../../dp/contract/policy.ts';
import type { Unexpressed } from '../../hostd/export/content.ts';
import { nftables } from '../../hostd/export/formats/nftables.ts';
import { PolicySchema } from '../../hostd/policy/document/schema.ts';
import { BridgeLab } from './bridge-lab.ts';
import { type End, ICMP, ICMPV6, type Packet, TCP, UDP } from './packet.ts';
import { randomOf } from './random.ts';

const skip = process.getuid?.() !== 0 && process.env.VMOAT_REQUIRE !== 'all' ? 'needs root' : false;
const SEED = 20_261_120;
const RULESETS = 30;
/** What is sent between any two: each protocol over each family that has it. */
const KINDS = ([4, 6] as const).flatMap((family) => [
  ...[7000, 7001, 7002, 7003].map((port) => ({ family, proto: UDP, port })),
  ...[7001, 7002, 7003].map((port) => ({ family, proto: TCP, port })),
  ...(family === 4 ? [0x0800, 0x0304, 0x0d00] : [0x8000, 0x0104]).map((port) => ({
    ...{ family, port },
    proto: family === 4 ? ICMP : ICMPV6,
  })),
]);
const end = (name: string, mac: string, last: number): End => ({
  ...{ name, mac, address4: `10.9.0.${last}`, address6: `2001:db8::${last}` },
});
const VMS = [
  end('a', '52:54:00:00:00:0a', 1),
  end('b', '52:54:00:00:00:0b', 2),
  end('c', '52:54:00:00:00:0c', 3),
];
/** Nobody that vmoat knows. */
const OUTSIDE = end('x', '02:00:00:00:00:09', 9);
const ENDS = [...VMS, OUTSIDE];

const random = randomOf(SEED);
const below = (most: number): number => Math.floor(random() * most);
const one = <T>(of: readonly T[]): T => of[below(of.length)] as T;

const group = (name: string, change: Partial<PolicyGroup> = {}): PolicyGroup => ({
  ...{ name, mode: null, failPolicy: 'open', addresses: [], fqdn: [] },
  ...change,
});
const MODES: (Mode | null)[] = ['learn', 'monitor', 'protect', 'protect', null];
const SOME_PORTS = [
  ...['any', 'udp', 'udp/7001', 'udp/7000-7002', 'udp/7003', 'proto/17'],
  ...['tcp', 'tcp/7001', 'tcp/7002-7003', 'icmp', 'icmp/8', 'icmp/3/4', 'icmpv6', 'icmpv6/128', 'icmpv6/1/4'],
  ...['proto/6', 'sctp/1-5', 'proto/47'],
];

/** Three VMs in groups of any mode, two groups of addresses outside, rules between all of them. */
function randomTables(): PolicyTables {
  const groups = [
    ...['any', 'host', 'external', 'unknown'].map((name) => group(name)),
    ...[0, 1, 2].map((n) => group(`vms-${n}`, { mode: one(MODES) })),
    group('near', { addresses: ['10.9.0.8/30', '2001:db8::/32'] }),
    group('far', { addresses: ['192.0.2.0/24', '10.9.1.0-10.9.1.9'] }),
    ...['multicast', 'broadcast'].map((name) => group(name)),
  ];
  const member = (): number[] => [0, ...[4, 5, 6].filter(() => random() < 0.5)];
  const rules = Array.from(
    { length: below(8) },
    (_, index): PolicyRule => ({
      ...{ number: index + 1, id: `rule-${index}`, from: below(9), to: below(11), applications: [] },
      ports: random() < 0.3 ? [] : Array.from({ length: 1 + below(3) }, () => one(SOME_PORTS)),
      action: random() < 0.6 ? 'allow' : 'deny',
      learned: false,
    }),
  );
  return {
    ...{ generation: 1, groups, rules: rules.filter(({ from, to }) => from !== 3 && to !== 3), unknown: [0] },
    nics: VMS.map(({ name, mac }) => ({ tap: `tap-${name}`, mac, nic: name, groups: member() })),
    ends: [{ segment: 1, address: '10.9.0.254', groups: [0, 1] }],
  };
}

const ABOUT = { host: 'host-1', at: '2026-11-20T12:00:00.000Z' };
function ruleset(tables: PolicyTables): { text: string; unexpressed: Unexpressed[] } {
  const document = PolicySchema.parse({ version: 'vmoat/v1' });
  const content = { version: 3, text: '', document, tables, addresses: new Map() };
  const { parts, unexpressed } = nftables.write({ what: 'policy', content }, ABOUT);
  return { text: [...(parts as string[])].join(''), unexpressed };
}

suite('nftables', { skip, timeout: 600_000 }, () => {
  const lab = new BridgeLab(ENDS);
  before(() => lab.open());
  after(() => lab.close());
  let id = 0;
  const seen = { allowed: 0, denied: 0 };

  for (let round = 0; round < RULESETS; round++)
    test(`ruleset ${round} of seed ${SEED}: every packet goes as the evaluator says`, async () => {
      const tables = randomTables();
      const policy = compilePolicy(tables);
      const { text, unexpressed } = ruleset(tables);
      assert.deepEqual(unexpressed, []);
      lab.load(text);
      const identity = (of: End, family: 4 | 6): number =>
        of === OUTSIDE
          ? policy.identity({ segment: 1, address: family === 4 ? of.address4 : of.address6 })
          : policy.identity({ tap: `tap-${of.name}` });
      const allows = ({ from, to, family, proto, port }: Packet): boolean =>
        policy.evaluate({
          ...{ from: identity(from, family), to: identity(to, family), proto, port, applicationFinal: true },
        }).verdict === 'allow';
      const sent = ENDS.flatMap((from) =>
        ENDS.filter((to) => to !== from).flatMap((to) =>
          KINDS.map((kind): Packet => ({ ...kind, from, to, id: ++id })),
        ),
      );
      const wanted = sent.filter(allows);
      seen.allowed += wanted.length;
      seen.denied += sent.length - wanted.length;
      lab.arrived.clear();
      for (const packet of sent) lab.send(packet);
      await lab.settle(wanted.length, sent.length - wanted.length);
      const wrong = sent.filter((packet) => lab.arrived.has(packet.id) !== allows(packet));
      assert.deepEqual(
        wrong.map(({ from, to, family, proto, port }) => [from.name, to.name, family, proto, port].join(' ')),
        [],
        text,
      );
      assert.equal(lab.dropped(), sent.length - wanted.length);
    });

  test('both answers occurred', () => {
    assert.ok(seen.allowed > 100 && seen.denied > 100, JSON.stringify(seen));
  });

  test('what cannot be expressed is said in the head and in the result, and left out', () => {
    const tables = randomTables();
    const from = { from: 4, to: 5, ports: [], action: 'allow' as const, learned: false };
    tables.groups.push(group('mirrors', { fqdn: ['*.example.org'] }));
    tables.rules = [
      { ...from, number: 1, id: 'by-app', applications: ['http', 'tls/https'] },
      { ...from, number: 2, id: 'by-name', to: tables.groups.length - 1, applications: [] },
      { ...from, number: 3, id: 'by-port', applications: [], ports: ['tcp/80'] },
      { ...from, number: 4, id: 'to-many', to: 9, applications: [] },
      { ...from, number: 5, id: 'to-all', to: 10, applications: [] },
    ];
    const { text, unexpressed } = ruleset(tables);
    assert.deepEqual(
      unexpressed.map(({ item }) => item),
      ['rule by-app', 'rule by-name'],
    );
    for (const set of ['group9_all_ip ', 'group9_all_ip6 ', 'group10_all_ip '])
      assert.ok(text.includes(`set ${set}{`) && text.includes(`daddr @${set}`), text);
    for (const { item, why } of unexpressed) assert.ok(text.includes(`#   ${item}: ${why}\n`), text);
    lab.load(text);
  });

  test('nothing of a name ends a comment', () => {
    const tables = randomTables();
    const document = PolicySchema.parse({ version: 'vmoat/v1' });
    const content = { version: null, text: '', document, tables, addresses: new Map() };
    const written = nftables.write({ what: 'policy', content }, { ...ABOUT, host: 'a\nflush ruleset' });
    lab.load([...(written.parts as string[])].join(''));
    assert.match([...(written.parts as string[])].join(''), /^# policy of a_flush ruleset, version 0/);
  });
});
