// Who an end is when policy is learned: its own group, that of its service, whether it learns.
import type { EvidenceEnd } from '../../base/evidence.ts';
import type { Mode } from '../../base/modes.ts';
import { GroupReference, isBuiltIn, VM_PREFIX } from '../document/words.ts';
import type { Proposal } from '../groups/proposals.ts';
import type { Member, MemberOf } from '../learn/member.ts';

export interface Vm {
  id: string;
  name: string;
  mode: Mode;
  groups: readonly string[];
}

export interface MembersInput {
  vms: readonly Vm[];
  /** Groups that the document could have; offered where a VM is in none of its groups. */
  proposals: readonly Proposal[];
  hostMode: Mode | null;
  /** Names of the groups that an end is in which is no VM. */
  groupsOf: (end: EvidenceEnd) => readonly string[];
}

export function membersOf({ vms, proposals, hostMode, groupsOf }: MembersInput): MemberOf {
  const known = new Map(vms.map((vm) => [vm.id, vm]));
  const sizes = new Map<string, number>();
  for (const { groups } of vms) for (const group of groups) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  const size = (group: string): number => sizes.get(group) ?? 0;
  const proposed = new Map(
    proposals.flatMap(({ name, members }) =>
      members.map(({ id }): [string, Member['service']] => [id, { name, members: members.length }]),
    ),
  );
  const serviceOf = ({ id, groups }: Vm): Member['service'] => {
    const shared = groups.filter((group) => !group.startsWith(VM_PREFIX) && size(group) > 1);
    const [narrowest] = shared.sort((a, b) => size(a) - size(b));
    return narrowest ? { name: narrowest, members: size(narrowest) } : (proposed.get(id) ?? null);
  };
  return (end) => {
    if (end.kind === 'vm') {
      const vm = known.get(end.id);
      const own = `${VM_PREFIX}${vm?.name ?? end.name}`;
      return {
        own: GroupReference.safeParse(own).success ? own : null,
        service: vm ? serviceOf(vm) : null,
        learns: vm?.mode === 'learn',
      };
    }
    if (end.kind === 'host')
      return { own: 'host', service: null, learns: hostMode === null || hostMode === 'learn' };
    return { own: narrowestOf(groupsOf(end)), service: null, learns: true };
  };
}

/** A group of addresses or names that the document has, else the built-in one that says most. */
function narrowestOf(groups: readonly string[]): string {
  const given = groups.find((group) => !isBuiltIn(group));
  return given ?? groups.find((group) => group !== 'any') ?? 'any';
}
