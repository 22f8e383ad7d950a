// Groups that VMs seem to make: those whose names differ in a number only, and those with the same tag. They are
// proposed; what an operator accepts is written into the document.
import type { Workload } from '../../api/schema.ts';
import { automaticGroup } from '../../inventory/automatic-group.ts';
import type { PolicyDocument } from '../document/schema.ts';
import { SERVICE_PREFIX } from '../document/words.ts';
import type { MatchEntry } from '../match/criteria.ts';

export interface Proposal {
  /** svc.web */
  name: string;
  match: MatchEntry[];
  members: { id: string; name: string }[];
  /** Why these VMs seem to belong together. */
  because: string;
}

type Named = Pick<Workload, 'id' | 'name' | 'tags' | 'groups'>;

/** One VM alone has its automatic group already. */
const MEMBERS_MIN = 2;
/** A stem or tag that is no name of a group is proposed without what it may not have. */
const NOT_IN_NAMES = /[^A-Za-z0-9_.@+-]+/g;
const NAME_CHARS_MAX = 127;

/** By name; none that the document has, nor one whose members a group of its own has gathered already. */
export function proposals(workloads: readonly Named[], document: PolicyDocument): Proposal[] {
  const taken = new Set(document.groups.map(({ name }) => name));
  const guesses = new Map<string, Proposal>();
  for (const [stem, members] of gathered(workloads, ({ name }) => [automaticGroup(name)]))
    if (members.length >= MEMBERS_MIN) join(guesses, stem, stemEntry(stem), members, 'their names');
  for (const [tag, members] of gathered(workloads, ({ tags }) => tags))
    if (members.length >= MEMBERS_MIN) join(guesses, tag, { tag }, members, 'their tag');
  return [...guesses.values()]
    .filter(({ name, members }) => !taken.has(name) && !isGathered(members, workloads, document))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function gathered(workloads: readonly Named[], keysOf: (workload: Named) => string[]): Map<string, Named[]> {
  const found = new Map<string, Named[]>();
  for (const workload of workloads)
    for (const key of keysOf(workload)) found.set(key, [...(found.get(key) ?? []), workload]);
  return found;
}

/** A tag and a stem of one name are one service. */
function join(
  guesses: Map<string, Proposal>,
  word: string,
  entry: MatchEntry,
  members: readonly Named[],
  because: string,
): void {
  const name = `${SERVICE_PREFIX}${word.replace(NOT_IN_NAMES, '-')}`.slice(0, NAME_CHARS_MAX);
  const before = guesses.get(name);
  const all = new Map([...(before?.members ?? []), ...members].map((each) => [each.id, each]));
  guesses.set(name, {
    name,
    match: [...(before?.match ?? []), entry],
    members: [...all.values()].map((each) => ({ id: each.id, name: each.name })),
    because: before ? `${before.because} and ${because}` : because,
  });
}

/** What automaticGroup takes for the same service, as an expression; too long a name is a prefix. */
function stemEntry(stem: string): MatchEntry {
  const regex = `^${stem.replace(/[^A-Za-z0-9_-]/gu, '\\$&')}([-_.]?[0-9]+)?$`;
  return { name: regex.length > 200 ? { prefix: stem } : { regex } };
}

function isGathered(
  members: Proposal['members'],
  workloads: readonly Named[],
  document: PolicyDocument,
): boolean {
  const ids = new Set(members.map(({ id }) => id));
  return document.groups.some(({ name }) => {
    const inside = workloads.filter(({ groups }) => groups.includes(name));
    return inside.length === ids.size && inside.every(({ id }) => ids.has(id));
  });
}
