// Random policies over three VMs, the host and ends outside, and their filters, for tests of nwfilter.
import type { Mode, PolicyGroup, PolicyRule, PolicyTables } from '../../dp/contract/policy.ts';
import type { Unexpressed } from '../../hostd/export/content.ts';
import { nwfilter } from '../../hostd/export/formats/nwfilter.ts';
import { PolicySchema } from '../../hostd/policy/document/schema.ts';

export const group = (name: string, change: Partial<PolicyGroup> = {}): PolicyGroup => ({
  ...{ name, mode: null, failPolicy: 'open', addresses: [], fqdn: [] },
  ...change,
});
const MODES: (Mode | null)[] = ['learn', 'monitor', 'protect', 'protect', null];
const NAMED = 9;
export const UNKNOWN = 3;
const BROADCAST = 11;
const GROUPS = 12;
export const SHARED = '10.9.0.7';
export const VMS = [
  { name: 'a', addresses: ['10.9.0.1', '2001:db8::a'] },
  { name: 'b', addresses: ['10.9.0.2', SHARED] },
  { name: 'c', addresses: ['10.9.0.3', '2001:db8::c', SHARED] },
];
export const HOST = '10.9.0.254';
export const STRANGERS = ['10.9.0.9', '192.0.2.7', '10.9.1.9', '10.9.1.10', '2001:db8::5', '2001:db9::1'];
/** Only ever spoken to, and not external. */
const SUBNET_BROADCAST = '10.9.0.255';
export const MULTICAST = ['224.0.0.251', '255.255.255.255', SUBNET_BROADCAST, 'ff02::fb'];
const SOME_PORTS = [
  ...['any', 'udp', 'udp/7001', 'udp/7000-7002', 'tcp/7003', 'tcp', 'proto/17', 'proto/50'],
  ...['icmp', 'icmp/3/4', 'icmp/8', 'icmpv6/128', 'icmpv6', 'sctp/1-5'],
];
const UNNAMED_PORTS = ['proto/47', 'proto/89'];

export interface Taste {
  /** Rules that nwfilter cannot express, and an address that two VMs have. */
  vague: boolean;
}

/** `random`: numbers from 0 to below 1. */
export function randomTables({ vague }: Taste, random: () => number): PolicyTables {
  const below = (most: number): number => Math.floor(random() * most);
  const one = <T>(of: readonly T[]): T => of[below(of.length)] as T;
  const groups = [
    ...['any', 'host', 'external', 'unknown'].map((name) => group(name)),
    ...[0, 1, 2].map((n) => group(`vms-${n}`, { mode: one(MODES) })),
    group('near', { addresses: ['10.9.0.0/28', '2001:db8::/32'] }),
    group('far', { addresses: ['192.0.2.0/24', '10.9.1.0-10.9.1.9'] }),
    group('mirrors', { fqdn: ['*.example.org'] }),
    ...['multicast', 'broadcast'].map((name) => group(name)),
    ...VMS.map(({ name }) => group(`vm.${name}`)),
  ];
  const hostGroups = [0, 1, ...(random() < 0.3 ? [4] : [])];
  const usable = (index: number): boolean => vague || (index !== UNKNOWN && index !== NAMED);
  const ports = vague ? [...SOME_PORTS, ...UNNAMED_PORTS] : SOME_PORTS;
  const rules = Array.from(
    { length: below(9) },
    (_, index): PolicyRule => ({
      ...{ number: index + 1, id: `rule-${index}`, from: below(GROUPS), to: below(GROUPS) },
      applications: vague && random() < 0.2 ? ['http'] : [],
      ports: random() < 0.3 ? [] : Array.from({ length: 1 + below(3) }, () => one(ports)),
      action: random() < 0.6 ? 'allow' : 'deny',
      learned: false,
    }),
  );
  return {
    ...{ generation: 1, groups, rules: rules.filter(({ from, to }) => usable(from) && usable(to)) },
    unknown: [0],
    nics: VMS.map(({ name }, at) => ({
      ...{ tap: `tap-${name}`, mac: `52:54:00:00:00:0${name}`, nic: `uuid-${name}/mac` },
      groups: [0, ...[4, 5, 6].filter(() => random() < 0.5), GROUPS + at],
    })),
    ends: [
      { segment: 1, address: HOST, groups: hostGroups },
      { segment: 1, address: SUBNET_BROADCAST, groups: [0, BROADCAST] },
    ],
  };
}

export const ABOUT = { host: 'host-1', at: '2026-11-20T12:00:00.000Z' };
export const addressesOf = (vague: boolean): Map<string, string[]> =>
  new Map(
    VMS.map(({ name, addresses }) => [
      `uuid-${name}/mac`,
      addresses.filter((address) => vague || address !== SHARED),
    ]),
  );

export function filters(
  tables: PolicyTables,
  addresses: ReadonlyMap<string, readonly string[]> = addressesOf(false),
  about = ABOUT,
): { text: string; unexpressed: Unexpressed[] } {
  const document = PolicySchema.parse({ version: 'vmoat/v1' });
  const content = { version: 3, text: '', document, tables, addresses };
  const { parts, unexpressed } = nwfilter.write({ what: 'policy', content }, about);
  return { text: [...(parts as string[])].join(''), unexpressed };
}
