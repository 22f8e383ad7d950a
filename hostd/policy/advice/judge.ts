// The evaluator with who belongs to what: ends of flows, now and of the past, as identities.
import type { CompiledPolicy } from '../../../dp/client/index.ts';
import type { PolicyTables } from '../../../dp/contract/policy.ts';
import type { EvidenceEnd } from '../../base/evidence.ts';
import { OF_MANY } from '../document/words.ts';
import type { Judge } from '../replay/replay.ts';

export interface JudgeParts {
  tables: PolicyTables;
  policy: CompiledPolicy;
  /** Names of the groups of a VM, also of one that is no more. */
  groupsOfVm: (end: EvidenceEnd) => readonly string[];
  /** Names in the DNS that were learned for an address, in any segment. */
  namesOf: (address: string) => readonly string[];
}

/** Addresses of other segments do not matter here: who had one when it was seen is known by its kind. */
const NO_SEGMENT = 0;

export function judgeOf({ tables, policy, groupsOfVm, namesOf }: JudgeParts): Judge {
  const places = new Map(tables.groups.map(({ name }, index) => [name, index]));
  const identityOfGroups = (names: readonly string[]): number =>
    policy.identity({ groups: names.flatMap((name) => places.get(name) ?? []) });
  return {
    policy,
    identityOf: (end) => {
      if (end.kind === 'vm') return identityOfGroups(['any', ...groupsOfVm(end)]);
      if (end.kind === 'host') return identityOfGroups(['any', 'host']);
      if (isOfMany(end) && end.address === null) return identityOfGroups(['any', end.kind]);
      const address = end.address ?? '';
      const identity = policy.identity({ segment: NO_SEGMENT, address, names: namesOf(address) });
      // Without its segment the broadcast address of a subnet looks like any other.
      const own = places.get(end.kind);
      if (!isOfMany(end) || own === undefined) return identity;
      const others = policy.groups(identity).filter((group) => group !== places.get('external'));
      return policy.identity({ groups: [...others, own] });
    },
  };
}

const isOfMany = ({ kind }: EvidenceEnd): boolean => OF_MANY.some((each) => each === kind);

/** Names of the groups that an end is in. */
export const groupNames = ({ policy, identityOf }: Judge, tables: PolicyTables, end: EvidenceEnd): string[] =>
  policy.groups(identityOf(end)).flatMap((index) => tables.groups[index]?.name ?? []);
