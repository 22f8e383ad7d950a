// Takes one policy into another: items of the same name or id are replaced, new ones come last, all the rest stays as
// it is written.
import { addItems, replaceItem, setKey } from './edit.ts';
import { readPolicy } from './parse.ts';
import type { PolicyDocument } from './schema.ts';

type Item = Record<string, unknown>;
const nameOf = (item: Item): unknown => item.id ?? item.name;

/** The new text; throws a VmoatError where `text` is no policy. */
export function merged(text: string, added: PolicyDocument): string {
  const { document } = readPolicy(text, 'the policy');
  const { version: _version, defaultMode, ...sections } = added;
  let result = defaultMode === undefined ? text : setKey(text, [], 'defaultMode', defaultMode);
  for (const [section, items] of Object.entries(sections)) {
    const known = ((document as Item)[section] ?? []) as Item[];
    const places = new Map(known.map((item, index) => [nameOf(item), index]));
    const isNew = (item: Item): boolean => !places.has(nameOf(item));
    for (const item of (items as Item[]).filter((each) => !isNew(each)))
      result = put(result, section, known, places.get(nameOf(item)) ?? 0, item);
    result = addItems(result, section, (items as Item[]).filter(isNew));
  }
  return result;
}

function put(text: string, section: string, known: readonly Item[], index: number, item: Item): string {
  return JSON.stringify(known[index]) === JSON.stringify(item)
    ? text
    : replaceItem(text, section, index, item);
}
