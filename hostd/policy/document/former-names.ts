// Names that a document could give its groups before vmoat had groups of these names itself: the text of a stored
// version is read with other names for them, so that a store of an older vmoat-hostd stays readable.
import { isMap, isScalar, isSeq, type Node, parseDocument } from 'yaml';
import { OF_MANY } from './words.ts';

/** The text with such groups renamed wherever it speaks of them; the same where it has none. */
export function withoutFormerNames(text: string): string {
  const yaml = parseDocument(text);
  const groups = mapsIn(yaml.get('groups', true));
  const taken = new Set(groups.map((group) => String(group.get('name'))));
  const fresh = new Map(
    OF_MANY.filter((name) => taken.has(name)).map((name) => [name as string, freeName(name, taken)]),
  );
  const named = groups.map((group) => group.get('name', true));
  const spoken = mapsIn(yaml.get('rules', true)).flatMap((rule) => [
    rule.get('from', true),
    rule.get('to', true),
  ]);
  return [...named, ...spoken].sort(byPlaceFalling).reduce<string>((result, node) => {
    const name = isScalar(node) ? fresh.get(String(node.value)) : undefined;
    const [begin, end] = (node as Node | undefined)?.range ?? [];
    return name === undefined ? result : result.slice(0, begin) + name + result.slice(end);
  }, text);
}

const mapsIn = (list: unknown) => (isSeq(list) ? list.items.filter(isMap) : []);

const beginOf = (node: unknown): number => (node as Node | undefined)?.range?.[0] ?? 0;
const byPlaceFalling = (a: unknown, b: unknown): number => beginOf(b) - beginOf(a);

function freeName(name: string, taken: ReadonlySet<string>): string {
  let free = `own-${name}`;
  for (let count = 2; taken.has(free); count++) free = `own-${name}-${count}`;
  return free;
}
