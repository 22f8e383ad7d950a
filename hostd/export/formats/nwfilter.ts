// nwfilter: the policy as network filters of libvirt, one for each VM. It says what it cannot express.
import { createHash } from 'node:crypto';
import type { PolicyRule, PolicyTables } from '../../../dp/contract/policy.ts';
import { type AddressRange, parseRange } from '../../policy/addresses.ts';
import { VM_PREFIX } from '../../policy/document/words.ts';
import { type PortRange, portRanges } from '../../policy/ports.ts';
import {
  addressText,
  blocksOf,
  type Family,
  OF_MANY_ADDRESSES,
  together,
  UNICAST,
} from '../address-ranges.ts';
import type { About, Format, PolicyContent, Unexpressed } from '../content.ts';

export const nwfilter: Format = {
  name: 'nwfilter',
  write: (content, about) => {
    if (content.what !== 'policy') throw new Error('only a policy is a set of filters');
    const unexpressed: Unexpressed[] = [];
    const parts = new Filters(content.content, unexpressed).text(about);
    return { extension: 'xml', parts, unexpressed };
  },
};

const ANY = 0;
const EXTERNAL = 2;
const NAME_CHARS_MAX = 120;
/** Of one filter: libvirt takes no message of more than 4 MiB, and no priority outside of -1000 to 1000. */
const ELEMENTS_MAX = 8000;
const FIRST_PRIORITY = -998;
const LAST_PRIORITY = 998;
const NOTES = [
  'Load it as docs/exports.md says, and refer to a filter in the interfaces of its VM: filterref filter=NAME.',
  'Ends are known by the addresses that they had when this was written, without their segment; where two share',
  'one, the stricter answer holds. Who is at an address that vmoat does not know counts as external.',
  'Where an allow rule cannot be expressed it is left out; a deny rule then denies whatever it may mean.',
  'One answer for each connection, by its first packet: what belongs to one that was let through passes.',
  'An ICMP error that belongs to no connection is allowed by no rule: connection tracking takes it for invalid.',
  'libvirt filters what crosses the bridge: what the host itself sends to a VM, or routes to it, passes.',
  'learn and monitor let everything pass to ends that are not in protect, and violations are not told.',
  'What groups say for protect beside rules has no meaning here. ARP, neighbour discovery and whatever is not IP pass.',
];

type Direction = 'in' | 'out';
interface Vm {
  name: string;
  filter: string;
  groups: readonly number[];
}
/** An address with the groups of each end that has it. */
interface Known {
  range: AddressRange;
  owners: (readonly number[])[];
}
/** Where the other ends of a group are, for a rule of that action. */
type Place = (group: number, action: PolicyRule['action']) => readonly AddressRange[];
/** A protocol as libvirt names it, by IP version. */
interface Protocol {
  names: Partial<Record<Family, string>>;
  attributes: Attributes;
}
type Attributes = Record<string, string | number>;

class Filters {
  readonly #content: PolicyContent;
  readonly #tables: PolicyTables;
  readonly #unexpressed: Unexpressed[];
  readonly #known: readonly Known[];

  constructor(content: PolicyContent, unexpressed: Unexpressed[]) {
    this.#content = content;
    this.#tables = content.tables;
    this.#unexpressed = unexpressed;
    this.#known = knownEnds(content);
  }

  text({ host, at }: About): string[] {
    for (const rule of this.#tables.rules)
      for (const why of this.#whyNot(rule)) this.#unexpressed.push({ item: `rule ${rule.id}`, why });
    for (const name of withoutAddress(this.#content))
      this.#unexpressed.push({ item: name, why: 'no address is known: only its own filter knows it' });
    const filters = vmsOf(this.#tables).map((vm) => this.#filter(vm));
    const left = this.#unexpressed.map(({ item, why }) => `  ${item}: ${why}`);
    const head = [
      `policy of ${host}, version ${this.#content.version ?? 0}, written ${at} by vmoat.`,
      ...NOTES,
      ...(left.length ? ['Not as the policy has it:', ...left] : ['Everything is as the policy has it.']),
    ];
    return [
      '<filters>\n',
      ...head.map((line) => `<!-- ${printable(line)} -->\n`),
      ...filters.map((lines) => `${lines.join('\n')}\n`),
      '</filters>\n',
    ];
  }

  #filter(vm: Vm): string[] {
    const isProtected = this.#isProtected(vm.groups);
    return [
      `<filter name='${escaped(vm.filter)}' chain='root'>`,
      `  <uuid>${uuidOf(vm.filter)}</uuid>`,
      ...NEIGHBOURS.flatMap((type) =>
        (['in', 'out'] as const).map((direction) =>
          element('accept', direction, -1000, 'icmpv6', { type }, " statematch='false'"),
        ),
      ),
      ...['all', 'all-ipv6'].map((name) =>
        element('accept', 'inout', -999, name, { state: 'ESTABLISHED,RELATED' }),
      ),
      ...this.#decisions(vm, isProtected),
      ...['all', 'all-ipv6'].map((name) =>
        element(isProtected ? 'drop' : 'accept', 'inout', 1000, name, {}, " statematch='false'"),
      ),
      '</filter>',
    ];
  }

  /** Of ends that vmoat knows first, to the end: nobody that it knows is left when it comes to the others. */
  #decisions(vm: Vm, isProtected: boolean): string[] {
    const decided = isProtected
      ? this.#known
      : this.#known.filter(({ owners }) => owners.some(this.#isProtected));
    const known = this.#rules(vm, FIRST_PRIORITY, ELEMENTS_MAX, (group, action) =>
      among(decided, group, action),
    );
    const drops = (['in', 'out'] as const).flatMap((direction) =>
      rangesOf(decided).flatMap((range) => ranged('drop', direction, known.next, EVERY_PROTOCOL, range, {})),
    );
    const room = ELEMENTS_MAX - known.elements.length;
    // Between ends that are not in protect nothing is denied.
    const place: Place = (group, action) => (isProtected ? this.#strangers(group, action) : []);
    const others = this.#rules(vm, known.next + 1, room, place);
    return [...known.elements, ...drops, ...others.elements];
  }

  /** Rules until there are too many; all behind are left out, so that none decides for one before it. */
  #rules(vm: Vm, first: number, most: number, place: Place): { elements: string[]; next: number } {
    const elements: string[] = [];
    let next = first;
    for (const rule of this.#tables.rules) {
      const found = this.#rule(rule, vm, next, place);
      if (found.length === 0) continue;
      if (elements.length + found.length > most || next >= LAST_PRIORITY) {
        const why = `rules from ${rule.id} on are more than a filter holds: left out`;
        this.#unexpressed.push({ item: vm.name, why });
        break;
      }
      elements.push(...found);
      next++;
    }
    return { elements, next };
  }

  #rule(rule: PolicyRule, vm: Vm, priority: number, place: Place): string[] {
    const sides: [Direction, number, number][] = [
      ['out', rule.from, rule.to],
      ['in', rule.to, rule.from],
    ];
    const protocols = this.#protocols(rule);
    return sides.flatMap(([direction, own, other]) =>
      vm.groups.includes(own)
        ? elementsOf(rule, direction, priority, protocols, place(other, rule.action))
        : [],
    );
  }

  /** Without the applications that nwfilter does not know: nothing of an allow rule, more than a deny rule says. */
  #protocols({ action, applications, ports }: PolicyRule): Protocol[] {
    if (action === 'allow' && applications.length) return [];
    const found = portRanges(ports).map(protocolOf);
    if (action === 'deny' && found.includes(null)) return [EVERY_PROTOCOL];
    return found.filter((protocol) => protocol !== null);
  }

  #strangers(index: number, action: PolicyRule['action']): readonly AddressRange[] {
    if (index === ANY) return WHOLE;
    const isAll = index === EXTERNAL || (this.#isVague(index) && action === 'deny');
    if (isAll) return UNICAST;
    const { name = '', addresses: given = [] } = this.#tables.groups[index] ?? {};
    const addresses = OF_MANY_ADDRESSES[name] ?? given;
    return together(addresses.flatMap((text) => parseRange(text) ?? []));
  }

  readonly #isProtected = (groups: readonly number[]): boolean =>
    groups.some((index) => this.#tables.groups[index]?.mode === 'protect');

  /** Nobody can say at which addresses its ends are. */
  #isVague(index: number): boolean {
    const group = this.#tables.groups[index];
    return group !== undefined && (group.fqdn.length > 0 || group.name === 'unknown');
  }

  #whyNot({ action, applications, from, to, ports }: PolicyRule): string[] {
    const isDeny = action === 'deny';
    const why: string[] = [];
    if (applications.length)
      why.push(
        `applications (${applications.join(', ')}) are not known to nwfilter: ` +
          (isDeny ? 'denied whatever the application' : 'left out'),
      );
    for (const group of new Set([from, to].filter((index) => this.#isVague(index))))
      why.push(
        `addresses of group ${this.#tables.groups[group]?.name} are not known to nwfilter: ` +
          (isDeny ? 'denied for all of external' : 'left out'),
      );
    const strange = ports.filter((text) => portRanges([text]).some((range) => protocolOf(range) === null));
    if (strange.length)
      why.push(
        `nwfilter has no name for ${strange.join(', ')}: ${isDeny ? 'denied whatever the protocol' : 'left out'}`,
      );
    return why;
  }
}

/** Neighbour and router discovery, RFC 4861; connection tracking does not follow it. */
const NEIGHBOURS = [133, 134, 135, 136];

/** Every address, which needs no condition. */
const WHOLE: readonly AddressRange[] = [
  { family: 4, first: 0n, last: (1n << 32n) - 1n },
  { family: 6, first: 0n, last: (1n << 128n) - 1n },
];
const isWhole = (range: AddressRange): boolean =>
  WHOLE.some(
    ({ family, first, last }) => range.family === family && range.first === first && range.last === last,
  );

const rangesOf = (ends: readonly Known[]): AddressRange[] => together(ends.map(({ range }) => range));

/** Two ends may share an address: for an allow rule no more than the group, for a deny rule no less. */
function among(ends: readonly Known[], group: number, action: PolicyRule['action']): AddressRange[] {
  const isIn = (groups: readonly number[]): boolean => groups.includes(group);
  return rangesOf(
    ends.filter(
      ({ owners }) => group === ANY || (action === 'allow' ? owners.every(isIn) : owners.some(isIn)),
    ),
  );
}

function elementsOf(
  { id, action }: PolicyRule,
  direction: Direction,
  priority: number,
  protocols: readonly Protocol[],
  ranges: readonly AddressRange[],
): string[] {
  const verdict = action === 'allow' ? 'accept' : 'drop';
  const comment = id.replace(/[^\w.:-]/g, '_').slice(0, NAME_CHARS_MAX);
  return protocols.flatMap((protocol) =>
    ranges.flatMap((range) => ranged(verdict, direction, priority, protocol, range, { comment })),
  );
}

/** For connections that begin in that direction; nothing where the protocol has no such addresses. */
function ranged(
  verdict: Verdict,
  direction: Direction,
  priority: number,
  { names, attributes }: Protocol,
  range: AddressRange,
  comment: Attributes,
): string[] {
  const name = names[range.family];
  if (name === undefined) return [];
  // What belongs to no connection is allowed by none.
  const state = verdict === 'accept' ? 'NEW' : 'NEW,INVALID';
  return addressesAt(direction === 'in' ? 'src' : 'dst', range).map((addresses) =>
    element(verdict, direction, priority, name, { state, ...attributes, ...addresses, ...comment }),
  );
}

/** libvirt takes ranges of IPv4 addresses alone (`dstipto`). */
function addressesAt(side: 'src' | 'dst', range: AddressRange): Attributes[] {
  if (isWhole(range)) return [{}];
  const { family, first, last } = range;
  const text = (value: bigint): string => addressText(family, value);
  if (first === last) return [{ [`${side}ipaddr`]: text(first) }];
  if (family === 4) return [{ [`${side}ipfrom`]: text(first), [`${side}ipto`]: text(last) }];
  return blocksOf(range).map(({ base, prefix }) => ({
    [`${side}ipaddr`]: text(base),
    [`${side}ipmask`]: prefix,
  }));
}

type Verdict = 'accept' | 'drop';

function element(
  verdict: Verdict,
  direction: Direction | 'inout',
  priority: number,
  name: string,
  attributes: Attributes,
  statematch = '',
): string {
  const given = Object.entries(attributes).map(([key, value]) => ` ${key}='${escaped(String(value))}'`);
  const head = `<rule action='${verdict}' direction='${direction}' priority='${priority}'${statematch}>`;
  return `  ${head}<${name}${given.join('')}/></rule>`;
}

const EVERY_PROTOCOL: Protocol = { names: { 4: 'all', 6: 'all-ipv6' }, attributes: {} };
const both = (name: string): Protocol['names'] => ({ 4: name, 6: `${name}-ipv6` });
const PROTOCOLS: Readonly<Record<number, Protocol['names']>> = {
  1: { 4: 'icmp' },
  2: { 4: 'igmp' },
  6: both('tcp'),
  17: both('udp'),
  50: both('esp'),
  51: both('ah'),
  58: { 6: 'icmpv6' },
  132: both('sctp'),
  136: both('udplite'),
};
const PORT_MAX = 65_535;
const TYPED: readonly number[] = [1, 58];

/** null: libvirt has no name for it. */
function protocolOf({ proto, low, high }: PortRange): Protocol | null {
  if (proto === 'any') return EVERY_PROTOCOL;
  const names = PROTOCOLS[proto];
  if (!names) return null;
  if (low === 0 && high === PORT_MAX) return { names, attributes: {} };
  if (!TYPED.includes(proto)) return { names, attributes: { dstportstart: low, dstportend: high } };
  const type = low >> 8;
  return { names, attributes: low === high ? { type, code: low & 255 } : { type } };
}

/** Every address of a NIC or of an end that vmoat resolved. */
function knownEnds({ tables, addresses }: PolicyContent): Known[] {
  const found = new Map<string, Known>();
  const add = (address: string, groups: readonly number[]): void => {
    const range = parseRange(address);
    if (!range) return;
    const key = `${range.family}/${range.first}`;
    const known = found.get(key) ?? { range, owners: [] };
    known.owners.push(groups);
    found.set(key, known);
  };
  for (const { nic, groups } of tables.nics)
    for (const address of addresses.get(nic) ?? []) add(address, groups);
  for (const { address, groups } of tables.ends) add(address, groups);
  return [...found.values()];
}

/** Each VM once, whatever NICs it has. */
function vmsOf(tables: PolicyTables): Vm[] {
  const vms = new Map<string, Vm>();
  for (const { nic, groups } of tables.nics) {
    const name = vmName(tables, nic, groups);
    vms.set(name, { name, filter: filterName(name), groups });
  }
  return [...vms.values()];
}

const withoutAddress = (content: PolicyContent): Set<string> =>
  new Set(
    content.tables.nics
      .filter(({ nic }) => !content.addresses.get(nic)?.length)
      .map(({ nic, groups }) => vmName(content.tables, nic, groups)),
  );

/** By its automatic group; a NIC that has none stands for itself. */
function vmName({ groups: all }: PolicyTables, nic: string, groups: readonly number[]): string {
  const own = groups.map((index) => all[index]?.name ?? '').find((name) => name.startsWith(VM_PREFIX));
  return own?.slice(VM_PREFIX.length) ?? nic;
}

/** libvirt keeps filters in files of their names; a name that had to be changed stays one of its own. */
function filterName(vm: string): string {
  const safe = vm.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, NAME_CHARS_MAX);
  const isPlain = safe === vm && !/-[0-9a-f]{8}$/.test(vm);
  return isPlain ? `vmoat-${vm}` : `vmoat-${safe}-${digest(vm).slice(0, 8)}`;
}

/** libvirt takes a filter for a changed one only with the UUID of before: version 8 of RFC 9562, from the name. */
function uuidOf(filter: string): string {
  const hex = digest(`vmoat nwfilter ${filter}`);
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    variant + hex.slice(17, 20),
    hex.slice(20, 32),
  ].join('-');
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

const escaped = (text: string): string =>
  text.replace(/[<>&'"]/g, (character) => `&#${character.charCodeAt(0)};`);

/** Nothing of others ends a comment. */
const printable = (text: string): string => text.replace(/[^\x20-\x7e]/g, '_').replace(/-(?=-|$)/g, '_');
