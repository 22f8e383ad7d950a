// A policy and who is in its groups → the tables that the evaluator compiles. Pure.
import type { PolicyGroup, PolicyNic, PolicyRule, PolicyTables } from '../../dp/contract/policy.ts';
import { parseAddress } from '../../topology/address.ts';
import type { Workload } from '../api/schema.ts';
import type { Mode } from '../base/modes.ts';
import type { GivenAddresses } from '../inventory/inventory.ts';
import type { ResolvedEnd } from '../inventory/resolved-ends.ts';
import { inRange, parseRange } from './addresses.ts';
import type { PolicyDocument } from './document/schema.ts';
import { BUILT_IN, groupOfReference, VM_PREFIX } from './document/words.ts';
import type { Group } from './sections/groups.ts';
import { groupProtection } from './sections/protection.ts';
import type { Rule } from './sections/rules.ts';

/** A rule that traffic taught; it stands behind all others. */
export type LearnedRule = Pick<Rule, 'id' | 'from' | 'to' | 'applications' | 'ports'>;

export interface TablesInput {
  generation: number;
  document: PolicyDocument;
  learned: readonly LearnedRule[];
  /** By id; rules without a number are left out. */
  ruleNumbers: ReadonlyMap<string, number>;
  workloads: readonly Workload[];
  /** By id of the NIC. */
  givenAddresses: ReadonlyMap<string, GivenAddresses>;
  /** No VM's. */
  foreignTaps: readonly { tap: string; mac: string }[];
  /** Ends that are known by their address, also where they never say anything. */
  ends: readonly ResolvedEnd[];
  defaultMode: Mode;
  /** ms since the epoch; expired rules are left out. */
  now: number;
}

export function policyTables(input: TablesInput): PolicyTables {
  const index = new GroupIndex(input);
  const nics = [...nicsOf(input, index), ...foreignNics(input, index)];
  const rules = rulesOf(input, index);
  return {
    generation: input.generation,
    groups: index.groups,
    rules,
    nics,
    unknown: index.of(['any', 'unknown']),
    ends: endsOf(input, index),
  };
}

/** Groups by name, in the order that the contract asks for: any, host, external, then the others. */
class GroupIndex {
  readonly groups: PolicyGroup[] = [];
  readonly #places = new Map<string, number>();
  readonly #given: ReadonlyMap<string, Group>;

  constructor({ document, workloads, defaultMode }: TablesInput) {
    this.#given = new Map(document.groups.map((group) => [group.name, group]));
    for (const name of BUILT_IN) this.#add(name, name === 'unknown' ? defaultMode : null);
    for (const { name } of document.groups) this.#add(name, null);
    for (const workload of workloads) this.#add(automatic(workload), modeOfOwn(workload, defaultMode));
  }

  /** A rule may speak of a VM that is not there (yet). */
  place(name: string): number {
    return this.#places.get(name) ?? this.#add(name, null);
  }

  of(names: readonly string[]): number[] {
    return [...new Set(names.map((name) => this.place(name)))].sort((a, b) => a - b);
  }

  /** `otherwise`: the mode where the document gives none. */
  #add(name: string, otherwise: Mode | null): number {
    const known = this.#places.get(name);
    const given = this.#given.get(name);
    const protect = given ? groupProtection(given) : null;
    const group: PolicyGroup = {
      name,
      mode: given?.mode ?? otherwise,
      failPolicy: given?.failPolicy ?? 'open',
      ...(protect && { protect }),
      addresses: given?.addresses ?? [],
      fqdn: given?.fqdn ?? [],
    };
    if (known !== undefined) {
      this.groups[known] = group;
      return known;
    }
    this.#places.set(name, this.groups.length);
    return this.groups.push(group) - 1;
  }
}

const automatic = ({ name }: Pick<Workload, 'name'>): string => `${VM_PREFIX}${name}`;

/** The automatic group bears the default where no group gives the VM a mode. */
const modeOfOwn = ({ modeFrom }: Workload, defaultMode: Mode): Mode | null =>
  modeFrom === null ? defaultMode : null;

const nicsOf = ({ workloads, givenAddresses }: TablesInput, index: GroupIndex): PolicyNic[] =>
  workloads.flatMap(({ groups, nics }) => {
    const places = index.of(['any', ...groups]);
    return nics.flatMap(({ tap, mac, id }) => {
      if (tap === null) return [];
      const addresses = addressesOf(givenAddresses.get(id));
      return [{ tap, mac, nic: id, groups: places, ...(addresses.length > 0 && { addresses }) }];
    });
  });

/** As many by each source as the evaluator takes. */
const NIC_ADDRESSES_MAX = 256;

function addressesOf(given: GivenAddresses | undefined): NonNullable<PolicyNic['addresses']> {
  const { configured = [], leased = [] } = given ?? {};
  // Domain XML may say anything, and one bad address would cost the whole policy.
  const from = (source: 'configured' | 'leased', addresses: readonly string[]) =>
    addresses
      .filter((address) => parseAddress(address) !== null)
      .slice(0, NIC_ADDRESSES_MAX)
      .map((address) => ({ address, source }));
  return [...from('configured', configured), ...from('leased', leased)];
}

const foreignNics = ({ foreignTaps }: TablesInput, index: GroupIndex): PolicyNic[] =>
  foreignTaps.map(({ tap, mac }) => ({ tap, mac, nic: `tap:${tap}`, groups: index.of(['any', 'unknown']) }));

type InEffect = Rule & { learned: boolean };

function rulesOf({ document, learned, ruleNumbers, now }: TablesInput, index: GroupIndex): PolicyRule[] {
  const isInEffect = ({ disabled, expires }: Rule): boolean =>
    !disabled && (expires === undefined || Date.parse(expires) > now);
  const own = document.rules.filter(isInEffect).map((rule): InEffect => ({ ...rule, learned: false }));
  const taught = learned.map((rule): InEffect => ({ ...rule, action: 'allow', learned: true }));
  return [...own, ...taught].flatMap(
    ({ id, from, to, applications = [], ports = [], action, learned: isLearned, continuous, expires }) => {
      const number = ruleNumbers.get(id);
      if (number === undefined) return [];
      const ends = { from: index.place(groupOfReference(from)), to: index.place(groupOfReference(to)) };
      const said = { number, id, ...ends, applications, ports, action, learned: isLearned };
      const rule: PolicyRule = continuous ? { ...said, continuous } : said;
      return [expires === undefined ? rule : { ...rule, expires: Date.parse(expires) }];
    },
  );
}

function endsOf({ ends, workloads, document }: TablesInput, index: GroupIndex): PolicyTables['ends'] {
  const byId = new Map(workloads.map((workload) => [workload.id, workload]));
  const covering = addressGroups(document);
  return ends.map(({ segment, address, kind, workload }) => {
    const names =
      workload === null ? [kind, ...covering(address)] : (byId.get(workload)?.groups ?? ['unknown']);
    return { segment, address, groups: index.of(['any', ...names]) };
  });
}

/** Names of the groups of addresses that an address lies in. */
function addressGroups(document: PolicyDocument): (address: string) => string[] {
  const groups = document.groups.flatMap(({ name, addresses }) =>
    addresses ? [{ name, ranges: addresses.flatMap((text) => parseRange(text) ?? []) }] : [],
  );
  return (text) => {
    const address = parseAddress(text);
    if (!address) return [];
    return groups
      .filter(({ ranges }) => ranges.some((range) => inRange(range, address)))
      .map(({ name }) => name);
  };
}
