// nftables: the policy as a ruleset of the bridge family, for `nft -f`. It says what it cannot express.
import type { PolicyRule, PolicyTables } from '../../../dp/contract/policy.ts';
import { portRanges } from '../../policy/ports.ts';
import { OF_MANY_ADDRESSES } from '../address-ranges.ts';
import type { About, Format, PolicyContent, Unexpressed } from '../content.ts';

export const nftables: Format = {
  name: 'nftables',
  write: (content, about) => {
    if (content.what !== 'policy') throw new Error('only a policy is a ruleset');
    const unexpressed: Unexpressed[] = [];
    const text = new Ruleset(content.content, unexpressed).text(about);
    return { extension: 'nft', parts: [text], unexpressed };
  },
};

type Side = 'saddr' | 'daddr';
/** A condition on one end, and which IP version it is about; '': both. */
interface Match {
  text: string;
  family: '' | 'ip' | 'ip6';
}

const EXTERNAL = 2;
const ANY = 0;
const COMMENT_CHARS_MAX = 120;
const UNICAST = 'ether daddr & 01:00:00:00:00:00 == 00:00:00:00:00:00';
const NOTES = [
  'One answer for each connection, by its first packet: what belongs to one that was let through passes.',
  'The answer is given once, so no application is known: rules with applications are left out.',
  'Names of the DNS are not known: rules from or to groups of names are left out.',
  'A sender is known by the MAC address that it uses, not by its tap: a guest may lie. Addresses count',
  'without their segment. A NIC that vmoat does not know counts as external. multicast and broadcast are told',
  'by the IP address; of subnets that the host has no address in, the broadcast address counts as external.',
  'learn and monitor let everything pass, and violations are not told. What groups say for protect beside rules has no meaning here.',
  'ARP, neighbour discovery and whatever is not IP pass, frames with VLAN tags too.',
];

class Ruleset {
  readonly #content: PolicyContent;
  readonly #tables: PolicyTables;
  readonly #unexpressed: Unexpressed[];
  readonly #sets: string[] = [];
  /** What is an end that vmoat knows, and in which effective mode. */
  readonly #known: { macs: string[]; ip: string[]; ip6: string[] };

  constructor(content: PolicyContent, unexpressed: Unexpressed[]) {
    this.#content = content;
    this.#tables = content.tables;
    this.#unexpressed = unexpressed;
    this.#known = this.#ends(() => true);
  }

  text({ host, at }: About): string {
    const known = this.#define('known', this.#known);
    const guarded = this.#define(
      'protect',
      this.#ends((groups) => this.#isProtected(groups)),
    );
    const rules = this.#tables.rules.flatMap((rule) => this.#rule(rule, known));
    const decide = (['saddr', 'daddr'] as const).flatMap((side) =>
      this.#members('protect', guarded, known, side).map(({ text }) => `${text} counter drop`),
    );
    const version = this.#content.version ?? 0;
    return [
      `# policy of ${printable(host)}, version ${version}, written ${at} by vmoat. Load it with nft -f.`,
      ...NOTES.map((note) => `# ${note}`),
      ...(this.#unexpressed.length ? ['# Left out:'] : ['# Nothing was left out.']),
      ...this.#unexpressed.map(({ item, why }) => `#   ${printable(item)}: ${why}`),
      'table bridge vmoat',
      'delete table bridge vmoat',
      'table bridge vmoat {',
      ...this.#sets.map((set) => `\t${set}`),
      ...chain('decide', [...decide, 'counter accept']),
      ...chain('rules', [
        'icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } accept',
        ...rules,
        'goto decide',
      ]),
      ...['forward', 'input', 'output'].flatMap((hook) =>
        chain(hook, [
          `type filter hook ${hook} priority filter; policy accept;`,
          'meta protocol != { ip, ip6 } accept',
          'ct state established,related accept',
          'jump rules',
        ]),
      ),
      '}',
      '',
    ].join('\n');
  }

  /** As in dp/policy: protected at either end denies; elsewhere a deny rule is only told. */
  #rule(rule: PolicyRule, known: Defined): string[] {
    const why = this.#whyNot(rule);
    if (why !== null) {
      this.#unexpressed.push({ item: `rule ${rule.id}`, why });
      return [];
    }
    const verdict = rule.action === 'allow' ? 'accept' : 'goto decide';
    const comment = `comment "${rule.id.replace(/[^\w.:-]/g, '_').slice(0, COMMENT_CHARS_MAX)}"`;
    return this.#group(rule.from, 'saddr', known).flatMap((from) =>
      this.#group(rule.to, 'daddr', known)
        .filter((to) => !from.family || !to.family || from.family === to.family)
        .flatMap((to) =>
          portMatches(rule.ports).map((ports) =>
            [from.text, to.text, ports, verdict, comment].filter(Boolean).join(' '),
          ),
        ),
    );
  }

  #whyNot({ applications, from, to }: PolicyRule): string | null {
    if (applications.length) return `applications (${applications.join(', ')}) are not known to nftables`;
    const names = [from, to].map((index) => this.#tables.groups[index]);
    const unknown = names.find((group) => group?.name === 'unknown');
    if (unknown) return 'NICs that vmoat does not know are not told apart';
    const named = names.find((group) => group?.fqdn.length);
    return named ? `group ${named.name} is of names, which nftables does not know` : null;
  }

  /** Each way to be in the group. */
  #group(index: number, side: Side, known: Defined): Match[] {
    if (index === ANY) return [{ text: '', family: '' }];
    if (index === EXTERNAL) {
      const unicast = side === 'daddr' ? `${UNICAST} ` : '';
      return (['ip', 'ip6'] as const).map((family) => ({
        text: `${unicast}${this.#stranger(side, family, known)}`.trim() || `meta protocol ${family}`,
        family,
      }));
    }
    const name = `group${index}`;
    const group = this.#tables.groups[index];
    if (group?.addresses.length) return this.#strangersAt(name, group.addresses, side, known);
    const ofMany = this.#strangersAt(`${name}_all`, OF_MANY_ADDRESSES[group?.name ?? ''] ?? [], side, known);
    const members = this.#define(
      name,
      this.#ends((groups) => groups.includes(index)),
    );
    return [...ofMany, ...this.#members(name, members, known, side)];
  }

  /** Ends that vmoat knows. */
  #members(name: string, defined: Defined, known: Defined, side: Side): Match[] {
    const found: Match[] = [];
    if (defined.macs) found.push({ text: `ether ${side} @${name}_macs`, family: '' });
    const elsewhere = known.macs ? `ether ${side} != @known_macs ` : '';
    for (const family of ['ip', 'ip6'] as const)
      if (defined[family]) found.push({ text: `${elsewhere}${family} ${side} @${name}_${family}`, family });
    return found;
  }

  #strangersAt(name: string, addresses: readonly string[], side: Side, known: Defined): Match[] {
    return (['ip', 'ip6'] as const).flatMap((family) => {
      const own = addresses.filter((address) => address.includes(':') === (family === 'ip6'));
      if (own.length === 0) return [];
      const set = `${name}_${family}`;
      this.#set(set, family, own, 'flags interval; auto-merge; ');
      const text = `${this.#stranger(side, family, known)} ${family} ${side} @${set}`.trim();
      return [{ text, family }];
    });
  }

  /** Nobody that vmoat knows. */
  #stranger(side: Side, family: 'ip' | 'ip6', known: Defined): string {
    const parts = [
      known.macs ? `ether ${side} != @known_macs` : '',
      known[family] ? `${family} ${side} != @known_${family}` : `meta protocol ${family}`,
    ];
    return parts.filter(Boolean).join(' ');
  }

  #ends(wanted: (groups: readonly number[]) => boolean): { macs: string[]; ip: string[]; ip6: string[] } {
    const { nics, ends } = this.#tables;
    const macs = nics.filter(({ groups }) => wanted(groups)).map(({ mac }) => mac);
    const addresses = ends.filter(({ groups }) => wanted(groups)).map(({ address }) => address);
    const unique = (values: string[]): string[] => [...new Set(values)];
    return {
      macs: unique(macs),
      ip: unique(addresses.filter((address) => !address.includes(':'))),
      ip6: unique(addresses.filter((address) => address.includes(':'))),
    };
  }

  #isProtected(groups: readonly number[]): boolean {
    return groups.some((index) => this.#tables.groups[index]?.mode === 'protect');
  }

  /** Sets of what is there; says which of them are. */
  #define(name: string, { macs, ip, ip6 }: { macs: string[]; ip: string[]; ip6: string[] }): Defined {
    if (macs.length) this.#set(`${name}_macs`, 'ether', macs);
    if (ip.length) this.#set(`${name}_ip`, 'ip', ip);
    if (ip6.length) this.#set(`${name}_ip6`, 'ip6', ip6);
    return { macs: macs.length > 0, ip: ip.length > 0, ip6: ip6.length > 0 };
  }

  #set(name: string, type: keyof typeof SET_TYPES, elements: readonly string[], flags = ''): void {
    const text = `set ${name} { type ${SET_TYPES[type]}; ${flags}elements = { ${elements.join(', ')} }; }`;
    if (!this.#sets.includes(text)) this.#sets.push(text);
  }
}

const SET_TYPES = { ether: 'ether_addr', ip: 'ipv4_addr', ip6: 'ipv6_addr' } as const;
type Defined = { macs: boolean; ip: boolean; ip6: boolean };

const chain = (name: string, lines: readonly string[]): string[] => [
  `\tchain ${name} {`,
  ...lines.map((line) => `\t\t${line}`),
  '\t}',
];

const PORTED: Record<number, string> = { 6: 'tcp', 17: 'udp', 132: 'sctp' };
const TYPED: Record<number, string> = { 1: 'icmp', 58: 'icmpv6' };
const PORT_MAX = 65_535;

/** One condition for each entry; '' where anything will do. */
function portMatches(ports: readonly string[]): string[] {
  return portRanges(ports).map(({ proto, low, high }) => {
    if (proto === 'any') return '';
    if (low === 0 && high === PORT_MAX) return `meta l4proto ${proto}`;
    const ported = PORTED[proto];
    if (ported) return `${ported} dport ${low === high ? low : `${low}-${high}`}`;
    const type = `${TYPED[proto]} type ${low >> 8}`;
    return low === high ? `${type} ${TYPED[proto]} code ${low & 255}` : type;
  });
}

/** Nothing of others ends the line of a comment. */
const printable = (text: string): string => text.replace(/[^\x20-\x7e]/g, '_');
