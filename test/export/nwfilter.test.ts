// The exported filters against the evaluator, and loaded for real: into a libvirt of the test's own.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { compilePolicy } from '../../dp/client/policy.ts';
import type { PolicyRule, PolicyTables } from '../../dp/contract/policy.ts';
import { inRange, parseRange } from '../../hostd/policy/addresses.ts';
import { parseXml, type XmlElement } from '../../libvirt-watch/xml.ts';
import { parseAddress } from '../../topology/address.ts';
import { type PrivateLibvirt, startPrivateLibvirt, whyNoPrivateLibvirt } from '../libvirt/private-libvirt.ts';
import {
  ABOUT,
  addressesOf,
  filters,
  group,
  HOST,
  MULTICAST,
  randomTables,
  SHARED,
  STRANGERS,
  type Taste,
  UNKNOWN,
  VMS,
} from './nwfilter-policies.ts';
import { randomOf } from './random.ts';

const SEED = 20_261_121;
const POLICIES = 60;
/** Of them, in libvirt. */
const LOADED = 5;
const random = randomOf(SEED);

const HOSTILE = `x<y>'&"--/../z`;
/** web is in protect, db is not; only db's addresses are known. */
const EXAMPLE: PolicyTables = {
  generation: 1,
  groups: [
    ...['any', 'host', 'external', 'unknown'].map((name) => group(name)),
    group('guarded', { mode: 'protect' }),
    group('lan', { addresses: ['192.0.2.0-192.0.2.9'] }),
    group('mirrors', { fqdn: ['*.example.org'] }),
    ...['web', 'db', HOSTILE].map((name) => group(`vm.${name}`)),
  ],
  rules: [
    { id: 'to-db', from: 4, to: 8, ports: ['tcp/5432-5433'], applications: [] },
    { id: 'by-app', from: 4, to: 2, ports: [], applications: ['http'] },
    { id: 'by-name', from: 4, to: 6, ports: [], applications: [] },
    { id: 'gre', from: 4, to: 2, ports: ['proto/47'], applications: [] },
    { id: 'from-lan', from: 5, to: 4, ports: ['udp/53'], applications: [] },
  ].map((rule, at) => ({ ...rule, number: at + 1, action: 'allow', learned: false })),
  nics: [
    { tap: 'tap0', mac: '52:54:00:00:00:01', nic: 'web/1', groups: [0, 4, 7] },
    { tap: 'tap1', mac: '52:54:00:00:00:02', nic: 'db/1', groups: [0, 8] },
    { tap: 'tap2', mac: '52:54:00:00:00:03', nic: 'x/1', groups: [0, 9] },
  ],
  ...{ unknown: [0, 3], ends: [] },
};
const EXAMPLE_ADDRESSES = new Map([['db/1', ['10.0.0.2', '2001:db8::2']]]);
const TOO_MANY: PolicyTables = {
  ...EXAMPLE,
  rules: Array.from({ length: 3000 }, (_, at) => ({
    ...{ number: at + 1, id: `r-${at}`, from: 4, to: 8, ports: ['tcp/1-2', 'udp/3'], applications: [] },
    ...{ action: 'allow' as const, learned: false },
  })),
};
const BINDING = `<filterbinding>
  <owner><name>web</name><uuid>b7f3c6ce-19a9-4a87-8e06-2c2c0f2b3c11</uuid></owner>
  <portdev name='tap0'/><mac address='52:54:00:00:00:01'/><filterref filter='vmoat-web'/>
</filterbinding>`;

interface Packet {
  direction: 'in' | 'out';
  remote: string;
  proto: number;
  /** For ICMP type << 8 | code. */
  port: number;
}
const PROTOS: Record<string, number> = { icmp: 1, tcp: 6, udp: 17, esp: 50, icmpv6: 58, sctp: 132 };
const isTyped = (proto: number): boolean => proto === 1 || proto === 58;
const packetsWith = (remote: string): Packet[] =>
  (['in', 'out'] as const).flatMap((direction) =>
    [
      ...[7000, 7001, 7003].flatMap((port) => [17, 6].map((proto) => ({ proto, port }))),
      ...[47, 50].map((proto) => ({ proto, port: 0 })),
      { proto: 132, port: 3 },
      ...(remote.includes(':')
        ? [{ proto: 58, port: 128 << 8 }]
        : [0x0304, 0x0800].map((port) => ({ proto: 1, port }))),
    ].map((what) => ({ direction, remote, ...what })),
  );

/** What libvirt makes of the first packet of a connection: the first rule by priority. */
function verdictOf(filter: XmlElement, packet: Packet): string | undefined {
  const rules = filter.children.filter(({ name }) => name === 'rule');
  const byPriority = rules.sort(
    (a, b) => Number(a.attributes.get('priority')) - Number(b.attributes.get('priority')),
  );
  return byPriority.find((rule) => matches(rule, packet))?.attributes.get('action');
}

function matches(rule: XmlElement, { direction, remote, proto, port }: Packet): boolean {
  const [protocol] = rule.children;
  assert.ok(protocol);
  const given = (name: string): string => protocol.attributes.get(name) ?? '';
  if (given('state') !== '' && !given('state').split(',').includes('NEW')) return false;
  const towards = rule.attributes.get('direction');
  if (towards !== 'inout' && towards !== direction) return false;
  const isSix = protocol.name.endsWith('-ipv6') || protocol.name === 'icmpv6';
  if (isSix !== remote.includes(':')) return false;
  const name = protocol.name.replace('-ipv6', '');
  if (name !== 'all' && PROTOS[name] !== proto) return false;
  if (
    given('dstportstart') &&
    !(Number(given('dstportstart')) <= port && port <= Number(given('dstportend')))
  )
    return false;
  if (isTyped(proto) && given('type') && Number(given('type')) !== port >> 8) return false;
  if (isTyped(proto) && given('code') && Number(given('code')) !== (port & 255)) return false;
  const side = direction === 'in' ? 'src' : 'dst';
  const [address, mask] = [given(`${side}ipaddr`), given(`${side}ipmask`)];
  const range = address
    ? `${address}${mask && `/${mask}`}`
    : `${given(`${side}ipfrom`)}-${given(`${side}ipto`)}`;
  const [wanted, other] = [parseRange(range), parseAddress(remote)];
  return range === '-' || (wanted !== null && other !== null && inRange(wanted, other));
}

const filtersOf = (text: string): XmlElement[] =>
  parseXml(text).children.filter(({ name }) => name === 'filter');

/** What must be the same in libvirt, which writes attributes and IPv6 addresses its own way. */
const essence = (filter: XmlElement): unknown => ({
  name: filter.attributes.get('name'),
  uuid: filter.children.find(({ name }) => name === 'uuid')?.text,
  rules: filter.children
    .filter(({ name }) => name === 'rule')
    .map(({ attributes, children: [match] }) => ({
      ...Object.fromEntries(attributes),
      protocol: match?.name,
      match: Object.fromEntries(
        [...(match?.attributes ?? [])].map(([key, value]) => [key, parseAddress(value)?.value ?? value]),
      ),
    })),
});

type Seen = { accepted: number; dropped: number; stricter: number };

/** Every packet between a VM and any other end. */
function compare(tables: PolicyTables, taste: Taste, seen: Seen): string[] {
  const policy = compilePolicy(tables);
  const { text } = filters(tables, addressesOf(taste.vague));
  const owners = (address: string): number[] => {
    const own = VMS.filter(({ addresses }) => addresses.includes(address));
    return own.length
      ? own.map(({ name }) => policy.identity({ tap: `tap-${name}` }))
      : [{}, { names: ['m.example.org'] }].map((named) => policy.identity({ segment: 1, address, ...named }));
  };
  const allows = (vm: string, packet: Packet): boolean =>
    owners(packet.remote).every((other) =>
      [[], policy.layers('http')].every((layers) => {
        const own = policy.identity({ tap: `tap-${vm}` });
        const ends = packet.direction === 'out' ? { from: own, to: other } : { from: other, to: own };
        const { proto, port } = packet;
        const asked = { ...ends, proto, port, layers, applicationFinal: true };
        return policy.evaluate({ ...asked, confidence: layers.length ? 'sure' : null }).verdict === 'allow';
      }),
    );
  return VMS.flatMap(({ name }, at) => {
    const filter = filtersOf(text)[at];
    assert.ok(filter);
    const shared = taste.vague ? [SHARED] : [];
    const others = VMS.filter((other) => other.name !== name).flatMap(({ addresses }) => addresses);
    const remotes = [...others.filter((each) => each !== SHARED), ...shared, HOST, ...STRANGERS];
    const packets = [
      ...remotes.flatMap(packetsWith),
      ...MULTICAST.flatMap(packetsWith).filter(({ direction }) => direction === 'out'),
    ];
    return packets.flatMap((packet) => {
      const accepts = verdictOf(filter, packet) === 'accept';
      const allowed = allows(name, packet);
      seen[accepts ? 'accepted' : 'dropped']++;
      if (!accepts && allowed) seen.stricter++;
      return accepts === allowed || (taste.vague && !accepts)
        ? []
        : [JSON.stringify({ name, packet, accepts })];
    });
  });
}

suite('nwfilter', () => {
  test(`${POLICIES} policies of seed ${SEED}: the answers are those of the evaluator`, () => {
    const seen = { accepted: 0, dropped: 0, stricter: 0 };
    for (let round = 0; round < POLICIES; round++) {
      const tables = randomTables({ vague: false }, random);
      assert.deepEqual(compare(tables, { vague: false }, seen), [], JSON.stringify(tables));
    }
    assert.equal(seen.stricter, 0);
    assert.ok(seen.accepted > 1000 && seen.dropped > 1000, JSON.stringify(seen));
  });

  test('what cannot be expressed makes no filter wider than its policy', () => {
    const seen = { accepted: 0, dropped: 0, stricter: 0 };
    for (let round = 0; round < POLICIES; round++) {
      const tables = randomTables({ vague: true }, random);
      assert.deepEqual(compare(tables, { vague: true }, seen), [], JSON.stringify(tables));
    }
    assert.ok(seen.accepted > 1000 && seen.stricter > 20, JSON.stringify(seen));
  });

  test('a filter, line by line', () => {
    const { text, unexpressed } = filters(EXAMPLE, EXAMPLE_ADDRESSES);
    const lines = text.slice(text.indexOf("<filter name='vmoat-web'"), text.indexOf('</filter>')).split('\n');
    assert.match(
      lines[1] ?? '',
      /^ {2}<uuid>[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}</,
    );
    const rule = /<rule action='(\w+)' direction='(\w+)' priority='(-?\d+)'(.*?)>(<.*\/>)<\/rule>/;
    const rules = lines.slice(2).flatMap((line) => {
      const [, action, direction, priority, , match = ''] = rule.exec(line) ?? [];
      return match === '' || match.startsWith('<icmpv6 type')
        ? []
        : [`${priority} ${direction} ${action} ${match}`];
    });
    assert.deepEqual(rules, [
      "-999 inout accept <all state='ESTABLISHED,RELATED'/>",
      "-999 inout accept <all-ipv6 state='ESTABLISHED,RELATED'/>",
      "-998 out accept <tcp state='NEW' dstportstart='5432' dstportend='5433' dstipaddr='10.0.0.2' comment='to-db'/>",
      "-998 out accept <tcp-ipv6 state='NEW' dstportstart='5432' dstportend='5433' dstipaddr='2001:db8:0:0:0:0:0:2' comment='to-db'/>",
      "-997 in drop <all state='NEW,INVALID' srcipaddr='10.0.0.2'/>",
      "-997 in drop <all-ipv6 state='NEW,INVALID' srcipaddr='2001:db8:0:0:0:0:0:2'/>",
      "-997 out drop <all state='NEW,INVALID' dstipaddr='10.0.0.2'/>",
      "-997 out drop <all-ipv6 state='NEW,INVALID' dstipaddr='2001:db8:0:0:0:0:0:2'/>",
      "-996 in accept <udp state='NEW' dstportstart='53' dstportend='53' srcipfrom='192.0.2.0' srcipto='192.0.2.9' comment='from-lan'/>",
      '1000 inout drop <all/>',
      '1000 inout drop <all-ipv6/>',
    ]);
    const items = unexpressed.map(({ item, why }) => `${item}: ${why}`);
    assert.deepEqual(items, [
      'rule by-app: applications (http) are not known to nwfilter: left out',
      'rule by-name: addresses of group mirrors are not known to nwfilter: left out',
      'rule gre: nwfilter has no name for proto/47: left out',
      'web: no address is known: only its own filter knows it',
      `${HOSTILE}: no address is known: only its own filter knows it`,
    ]);
    for (const item of items.slice(0, 4)) assert.ok(text.includes(`<!--   ${item} -->\n`), item);
  });

  const inexpressible: [name: string, change: Partial<PolicyRule>][] = [
    ['applications', { applications: ['http'] }],
    ['names of the DNS', { to: 6 }],
    ['NICs that vmoat does not know', { to: UNKNOWN }],
    ['a protocol that libvirt has no name for', { ports: ['tcp/22', 'proto/47'] }],
  ];
  for (const [name, change] of inexpressible)
    test(`a deny rule with ${name} denies whatever it may mean`, () => {
      const rule = { from: 4, to: 2, ports: [], applications: [], learned: false };
      const deny: PolicyRule = { ...rule, number: 1, id: 'deny', action: 'deny', ...change };
      const allow: PolicyRule = { ...rule, number: 2, id: 'allow', action: 'allow' };
      const packet: Packet = { direction: 'out', remote: STRANGERS[0] ?? '', proto: 6, port: 80 };
      const verdict = (rules: PolicyRule[]): string | undefined => {
        const [web] = filtersOf(filters({ ...EXAMPLE, rules }, EXAMPLE_ADDRESSES).text);
        return web && verdictOf(web, packet);
      };
      assert.deepEqual([verdict([allow]), verdict([deny, allow])], ['accept', 'drop']);
      const { unexpressed } = filters({ ...EXAMPLE, rules: [deny] }, EXAMPLE_ADDRESSES);
      assert.match(unexpressed[0]?.why ?? '', /denied (whatever|for all)/);
    });

  test('a VM that is not in protect: its filter accepts in the end', () => {
    const { text } = filters(EXAMPLE, EXAMPLE_ADDRESSES);
    const [, db] = filtersOf(text);
    const last = db?.children.at(-1);
    assert.deepEqual(
      [db?.attributes.get('name'), last?.attributes.get('action'), last?.attributes.get('priority')],
      ['vmoat-db', 'accept', '1000'],
    );
  });

  test('names stay names: nothing ends a comment or an attribute; UUIDs stay the same', () => {
    const first = filters(EXAMPLE, EXAMPLE_ADDRESSES, { ...ABOUT, host: 'a--><b' });
    const again = filters({ ...EXAMPLE, rules: [] }, new Map());
    const named = (text: string): (string | undefined)[][] =>
      filtersOf(text).map((filter) => [filter.attributes.get('name'), filter.children[0]?.text]);
    assert.deepEqual(named(first.text), named(again.text));
    assert.match(named(first.text)[2]?.[0] ?? '', /^vmoat-[A-Za-z0-9._-]+-[0-9a-f]{8}$/);
    assert.match(first.text, /^<filters>\n<!-- policy of a_-><b, version 3, /);
  });

  test('rules that are too many for libvirt are left out, all behind them as well', () => {
    const { text, unexpressed } = filters(TOO_MANY, EXAMPLE_ADDRESSES);
    assert.match(
      unexpressed.at(-1)?.why ?? '',
      /^rules from r-\d+ on are more than a filter holds: left out$/,
    );
    const priorities = [...text.matchAll(/priority='(-?\d+)'/g)].map(([, priority]) => Number(priority));
    assert.ok(Math.min(...priorities) === -1000 && Math.max(...priorities) === 1000);
    assert.ok(!text.includes("'r-2999'"));
  });
});

suite('nwfilter in libvirt', { skip: whyNoPrivateLibvirt() ?? false, timeout: 600_000 }, () => {
  let libvirt: PrivateLibvirt;
  before(async () => {
    libvirt = await startPrivateLibvirt();
  });
  after(() => libvirt?.stop());

  /** As docs/exports.md says. */
  const load = async (text: string): Promise<void> => {
    const page = readFileSync(new URL('../../docs/exports.md', import.meta.url), 'utf8');
    const command = /```sh\n(awk [\s\S]*?)\n```/.exec(page)?.[1] ?? '';
    const file = join(libvirt.root, 'images/filters.xml');
    writeFileSync(file, text);
    await libvirt.run('sh', '-c', command.replace(/\bFILE\b/, file));
  };
  const dumped = async (name: string): Promise<XmlElement> =>
    parseXml(await libvirt.virsh('nwfilter-dumpxml', name));

  const sameInLibvirt = async (text: string): Promise<void> => {
    await load(text);
    for (const filter of filtersOf(text))
      assert.deepEqual(essence(await dumped(filter.attributes.get('name') ?? '')), essence(filter));
  };

  test('every filter is defined, and again when the policy has changed; libvirt has the same rules', async () => {
    await sameInLibvirt(filters(EXAMPLE, EXAMPLE_ADDRESSES).text);
    for (let round = 0; round < LOADED; round++)
      await sameInLibvirt(filters(randomTables({ vague: true }, random), addressesOf(true)).text);
    await sameInLibvirt(filters(TOO_MANY, EXAMPLE_ADDRESSES).text);
    await sameInLibvirt(filters({ ...EXAMPLE, rules: [] }, EXAMPLE_ADDRESSES).text);
  });

  test('a filter that libvirt refuses is told by the command', async () => {
    const broken = filters(EXAMPLE, EXAMPLE_ADDRESSES).text.replaceAll("action='accept'", "action='none'");
    await assert.rejects(load(broken), /Failed to define/);
  });

  test('libvirt puts it before a tap: rules in order, each in its direction', async () => {
    await load(filters(EXAMPLE, EXAMPLE_ADDRESSES).text);
    await libvirt.run('sh', '-c', 'ip link add br0 type bridge && ip tuntap add tap0 mode tap');
    await libvirt.run('sh', '-c', 'ip link set br0 up && ip link set tap0 master br0 up');
    await libvirt.virshXml('nwfilter-binding-create', BINDING);
    const chain = async (command: string, name: string): Promise<string[]> =>
      (await libvirt.run(command))
        .split('\n')
        .filter((line) => line.startsWith(`-A ${name} `) && !line.includes('--icmpv6-type'))
        .map((line) => line.slice(`-A ${name} `.length));
    assert.deepEqual(await chain('iptables-save', 'FI-tap0'), [
      '-m conntrack --ctstate RELATED,ESTABLISHED -j RETURN',
      '-d 10.0.0.2/32 -p tcp -m tcp --dport 5432:5433 -m conntrack --ctstate NEW -m comment --comment to-db -j RETURN',
      '-d 10.0.0.2/32 -m conntrack --ctstate INVALID,NEW -j DROP',
      '-j DROP',
    ]);
    assert.deepEqual(await chain('iptables-save', 'FO-tap0'), [
      '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
      '-s 10.0.0.2/32 -m conntrack --ctstate INVALID,NEW -j DROP',
      '-p udp -m iprange --src-range 192.0.2.0-192.0.2.9 -m udp --dport 53 -m conntrack --ctstate NEW -m comment --comment from-lan -j ACCEPT',
      '-j DROP',
    ]);
    const six = await libvirt.run('ip6tables-save');
    for (const line of [
      '-A FI-tap0 -d 2001:db8::2/128 -p tcp ',
      '--icmpv6-type 135 -j RETURN',
      '--icmpv6-type 136 -j ACCEPT',
    ])
      assert.ok(six.includes(line), six);
  });
});
