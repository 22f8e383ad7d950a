// Takes one policy into another: items of the same name or id are changed, new ones come last as they were written, all
// the rest stays as it is.
import { parseDocument } from 'yaml';
import { asWritten } from './as-written.ts';
import { addItems, replaceItem, setKey } from './edit.ts';
import { readPolicy } from './parse.ts';
import type { PolicyDocument } from './schema.ts';

type Item = Record<string, unknown>;
const nameOf = (item: Item): unknown => item.id ?? item.name;

/** A policy, whose rules may also speak of groups of the other one. */
export interface Added {
  text: string;
  document: PolicyDocument;
}

/** The new text; throws a VmoatError where `text` is no policy. */
export function merged(text: string, added: Added): string {
  const { document } = readPolicy(text, 'the policy');
  const { version: _version, defaultMode, ...sections } = added.document;
  const given = (parseDocument(added.text).toJS() ?? {}) as Record<string, Item[] | undefined>;
  let result = defaultMode === undefined ? text : setKey(text, [], 'defaultMode', defaultMode);
  for (const [section, items] of Object.entries(sections)) {
    const known = ((document as Item)[section] ?? []) as Item[];
    const places = new Map(known.map((item, index) => [nameOf(item), index]));
    const fresh: number[] = [];
    for (const [index, item] of (items as Item[]).entries()) {
      const place = places.get(nameOf(item));
      if (place === undefined) fresh.push(index);
      else result = put(result, section, place, known[place] ?? {}, item);
    }
    const raw = fresh.map((index) => given[section]?.[index] ?? {});
    result = addItems(result, section, raw, asWritten(added.text, section, fresh));
  }
  return result;
}

/** Words that have changed are put in the place of others, so that all else of the item stays; else it is replaced. */
function put(text: string, section: string, index: number, before: Item, after: Item): string {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const changed = keys.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]));
  if (!changed.every((key) => typeof after[key] === 'string'))
    return replaceItem(text, section, index, after);
  return changed.reduce((result, key) => setKey(result, [section, index], key, String(after[key])), text);
}
