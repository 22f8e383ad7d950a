// A group as the API shows it: what the document says of it, and who is in it now.
import { z } from 'zod';
import { Mode, type Workload } from '../../api/schema.ts';
import type { Mode as ModeName } from '../../base/modes.ts';
import type { PolicyDocument } from '../document/schema.ts';
import { BUILT_IN, groupOfReference, isBuiltIn, VM_PREFIX } from '../document/words.ts';
import { Group } from '../sections/groups.ts';
import { protection } from '../sections/protection.ts';

const { match, addresses, fqdn, promote, comment } = Group.shape;

export const GroupView = z.object({
  name: z.string(),
  origin: z.enum(['document', 'automatic', 'built-in']),
  mode: Mode.nullable().describe('that it bears; null: none'),
  ...{ comment, match, addresses, fqdn, ...protection, promote },
  members: z
    .array(z.object({ id: z.string(), name: z.string(), mode: Mode }))
    .nullable()
    .describe('VMs with their effective modes; null: it is no group of VMs'),
  rules: z.array(z.string()).describe('ids of the rules that speak of it'),
});
export type GroupView = z.infer<typeof GroupView>;

/** Those of the document in its order, then the automatic ones by name, then the built-in ones. */
export function groupViews(
  document: PolicyDocument,
  workloads: readonly Workload[],
  defaultMode: ModeName,
): GroupView[] {
  const rules = rulesByGroup(document);
  const members = membersByGroup(workloads);
  const view = (group: Group, origin: GroupView['origin'], mode: ModeName | null): GroupView => {
    const { name, mode: given = mode, ...said } = group;
    const isOfNoVms = isBuiltIn(name) || group.addresses !== undefined || group.fqdn !== undefined;
    const inside = isOfNoVms ? null : (members.get(name) ?? []);
    return { ...said, name, origin, mode: given, members: inside, rules: rules.get(name) ?? [] };
  };
  const given = new Map(document.groups.map((group) => [group.name, group]));
  const named = document.groups.filter(({ name }) => !name.startsWith(VM_PREFIX) && !isBuiltIn(name));
  const automatic = workloads.map(({ name, modeFrom }) => ({
    name: `${VM_PREFIX}${name}`,
    mode: modeFrom === null ? defaultMode : null,
  }));
  return [
    ...named.map((group) => view(group, 'document', null)),
    ...automatic.map(({ name, mode }) => view(given.get(name) ?? { name }, 'automatic', mode)),
    ...BUILT_IN.map((name) =>
      view(given.get(name) ?? { name }, 'built-in', name === 'unknown' ? defaultMode : null),
    ),
  ];
}

function membersByGroup(workloads: readonly Workload[]): Map<string, NonNullable<GroupView['members']>> {
  const found = new Map<string, NonNullable<GroupView['members']>>();
  for (const { id, name, mode, groups } of workloads)
    for (const group of groups) {
      const members = found.get(group);
      if (members) members.push({ id, name, mode });
      else found.set(group, [{ id, name, mode }]);
    }
  return found;
}

function rulesByGroup({ rules }: PolicyDocument): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { id, from, to } of rules)
    for (const name of new Set([from, to].map(groupOfReference))) {
      const ids = found.get(name);
      if (ids) ids.push(id);
      else found.set(name, [id]);
    }
  return found;
}
