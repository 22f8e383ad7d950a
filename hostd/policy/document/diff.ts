// What differs between two policies, by group and rule rather than by line. Pure.
import { isDeepStrictEqual } from 'node:util';
import type { PolicyDocument } from './schema.ts';

export interface FieldChange {
  key: string;
  /** Absent: it was not there. */
  before?: unknown;
  /** Absent: it is gone. */
  after?: unknown;
}

export interface PolicyChange {
  /** The key of the document: `groups`, `rules`, `defaultMode`, … */
  section: string;
  /** Name of the group, id of the rule; empty for what is no list. */
  name: string;
  /** `moved`: only its place in the order of rules is another. */
  kind: 'added' | 'removed' | 'changed' | 'moved';
  /** Of what has changed. */
  fields: FieldChange[];
}

type Item = Record<string, unknown>;

/** In the order of the sections, and within one of the second document; what is gone comes last. */
export function policyDiff(before: PolicyDocument, after: PolicyDocument): PolicyChange[] {
  const sections = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...sections].flatMap((section) => {
    const [old, fresh] = [(before as Item)[section], (after as Item)[section]];
    if (isDeepStrictEqual(old, fresh)) return [];
    const lists = [old ?? [], fresh ?? []];
    return lists.every(isNamedList)
      ? listChanges(section, lists[0] as Item[], lists[1] as Item[])
      : [
          {
            section,
            name: '',
            kind: 'changed' as const,
            fields: fieldChanges({ [section]: old }, { [section]: fresh }),
          },
        ];
  });
}

const nameOf = (item: Item): unknown => item.id ?? item.name;

const isNamedList = (value: unknown): value is Item[] =>
  Array.isArray(value) &&
  value.every((item) => item !== null && typeof item === 'object' && typeof nameOf(item) === 'string');

function listChanges(section: string, old: readonly Item[], fresh: readonly Item[]): PolicyChange[] {
  const before = new Map(old.map((item) => [String(nameOf(item)), item]));
  const after = new Set(fresh.map((item) => String(nameOf(item))));
  const moved = section === 'rules' ? outOfOrder(old, fresh) : new Set<string>();
  const changes = fresh.flatMap((item): PolicyChange[] => {
    const name = String(nameOf(item));
    const known = before.get(name);
    if (!known) return [{ section, name, kind: 'added', fields: [] }];
    const fields = fieldChanges(known, item);
    if (fields.length) return [{ section, name, kind: 'changed', fields }];
    return moved.has(name) ? [{ section, name, kind: 'moved', fields: [] }] : [];
  });
  const removed = [...before.keys()]
    .filter((name) => !after.has(name))
    .map((name): PolicyChange => ({ section, name, kind: 'removed', fields: [] }));
  return [...changes, ...removed];
}

function fieldChanges(before: Item, after: Item): FieldChange[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys]
    .filter((key) => !isDeepStrictEqual(before[key], after[key]))
    .map((key) => ({
      key,
      ...(before[key] !== undefined && { before: before[key] }),
      ...(after[key] !== undefined && { after: after[key] }),
    }));
}

/** Those that had to move: the fewest, without which the rest stands in the old order. */
function outOfOrder(old: readonly Item[], fresh: readonly Item[]): Set<string> {
  const place = new Map(old.map((item, index) => [String(nameOf(item)), index]));
  const common = fresh.map((item) => String(nameOf(item))).filter((name) => place.has(name));
  const stay = longestRise(common.map((name) => place.get(name) ?? 0));
  return new Set(common.filter((_, index) => !stay.has(index)));
}

/** Indices of a longest increasing subsequence (patience sorting). */
function longestRise(values: readonly number[]): Set<number> {
  const ends: number[] = [];
  const before = new Array<number>(values.length).fill(-1);
  values.forEach((value, index) => {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((values[ends[middle] ?? 0] ?? 0) < value) low = middle + 1;
      else high = middle;
    }
    before[index] = ends[low - 1] ?? -1;
    ends[low] = index;
  });
  const rise = new Set<number>();
  for (let index = ends.at(-1) ?? -1; index >= 0; index = before[index] ?? -1) rise.add(index);
  return rise;
}

const SIGNS = { added: '+', removed: '-', changed: '~', moved: '>' } as const;
const SINGULAR: Record<string, string> = { groups: 'group', rules: 'rule' };
const shown = (value: unknown): string => (value === undefined ? 'none' : JSON.stringify(value));

/** `~ rule web-to-db: ports ["tcp/1"] → ["tcp/2"]` */
export function renderChange({ section, name, kind, fields }: PolicyChange): string {
  const what = [SINGULAR[section] ?? section, name].filter(Boolean).join(' ');
  const details = fields.map(({ key, before, after }) => {
    const change = `${shown(before)} → ${shown(after)}`;
    return name ? `${key} ${change}` : change;
  });
  return `${SIGNS[kind]} ${what}${details.length ? `: ${details.join('; ')}` : kind === 'moved' ? ': moved' : ''}`;
}
