// What a schema cannot see of a document: names given twice, and names that nothing bears.
import { nearest } from '../../base/nearest.ts';
import { type PlaceFinder, PROBLEMS_MAX } from '../../base/strict-yaml.ts';
import type { TextProblem } from '../../base/text-problem.ts';
import type { PolicyDocument } from './schema.ts';
import { BUILT_IN, groupOfReference, VM_PREFIX } from './words.ts';

/** Every mistake, at the line where it stands; more than a hundred help nobody. `others`: groups that are there, too. */
export function referenceProblems(
  document: PolicyDocument,
  places: PlaceFinder,
  others: readonly string[],
): TextProblem[] {
  const found = [
    ...repeated(document, 'groups', ({ name }) => name, 'name', places),
    ...repeated(document, 'rules', ({ id }) => id, 'id', places),
  ];
  // To find the nearest name takes its time.
  for (const problem of unknownGroups(document, places, others))
    if (found.push(problem) >= PROBLEMS_MAX) break;
  return found.slice(0, PROBLEMS_MAX);
}

function repeated<K extends 'groups' | 'rules'>(
  document: PolicyDocument,
  section: K,
  nameOf: (item: PolicyDocument[K][number]) => string,
  key: string,
  places: PlaceFinder,
): TextProblem[] {
  const seen = new Map<string, number>();
  return document[section].flatMap((item: PolicyDocument[K][number], index) => {
    const name = nameOf(item);
    const before = seen.get(name);
    seen.set(name, before ?? index);
    if (before === undefined) return [];
    const { line } = places.of([section, before, key]);
    const place = places.of([section, index, key]);
    return [{ code: 'policy_bad_value', ...place, message: `\`${name}\` stands already in line ${line}` }];
  });
}

function* unknownGroups(
  document: PolicyDocument,
  places: PlaceFinder,
  others: readonly string[],
): Iterable<TextProblem> {
  const known = new Set<string>([...BUILT_IN, ...others, ...document.groups.map(({ name }) => name)]);
  const isKnown = (reference: string): boolean => {
    const name = groupOfReference(reference);
    return known.has(name) || name.startsWith(VM_PREFIX);
  };
  for (const [index, rule] of document.rules.entries())
    for (const end of ['from', 'to'] as const)
      if (!isKnown(rule[end])) yield unknownGroup(rule[end], known, places.of(['rules', index, end]));
}

function unknownGroup(
  name: string,
  known: Iterable<string>,
  place: ReturnType<PlaceFinder['of']>,
): TextProblem {
  const near = nearest(name, known, 1)[0];
  const hint = near ? `did you mean \`${near}\`?` : 'groups stand in the section `groups`';
  return { code: 'policy_bad_value', ...place, message: `there is no group \`${name}\``, hint };
}
