// Edits of a policy's text that touch only what they change: comments, order and spelling of all the rest stay, byte
// by byte. The places come from the YAML document; what was meant is checked against what the new text says.
import { isDeepStrictEqual } from 'node:util';
import { isMap, isScalar, isSeq, type Node, type Pair, parseDocument, stringify, type YAMLMap } from 'yaml';

/** Items as lines that begin at that column; null where the list stands in brackets. */
export type Written = (column: number) => string | null;

type Path = readonly (string | number)[];

/** Sets a key of the map at `path` to a word. */
export function setKey(text: string, path: Path, key: string, value: string): string {
  return edited(text, {
    splice: (yaml) => withKey(text, yaml, path, key, value),
    edit: (yaml) => yaml.setIn([...path, key], value),
  });
}

/** Puts items at the end of the list below a key of the document; `written`: how, where they stand in lines. */
export function addItems(
  text: string,
  section: string,
  items: readonly object[],
  written: Written = () => null,
): string {
  if (items.length === 0) return text;
  return edited(text, {
    splice: (yaml) => withItems(text, yaml, section, items, written),
    edit(yaml) {
      const list = yaml.get(section);
      if (isSeq(list)) list.items.push(...items.map((item) => yaml.createNode(item)));
      else yaml.set(section, items);
    },
  });
}

/** Puts items in front of all others of the list, and of the comments above them. */
export function prependItems(text: string, section: string, items: readonly object[]): string {
  return edited(text, {
    splice: (yaml) => withFirst(text, yaml, section, items),
    edit(yaml) {
      const list = yaml.get(section);
      if (isSeq(list)) list.items.unshift(...items.map((item) => yaml.createNode(item)));
      else yaml.set(section, items);
    },
  });
}

export const addItem = (text: string, section: string, item: object): string =>
  addItems(text, section, [item]);

/** Puts another item in the place of one of a list. */
export function replaceItem(text: string, section: string, index: number, item: object): string {
  return edited(text, {
    splice: (yaml) => withReplaced(text, yaml, section, index, item),
    edit: (yaml) => yaml.setIn([section, index], yaml.createNode(item)),
  });
}

/** Takes items out of a list below a key of the document; of each its lines, comments above it stay. */
export function removeItems(text: string, section: string, indices: readonly number[]): string {
  if (indices.length === 0) return text;
  const falling = [...indices].sort((a, b) => b - a);
  return edited(text, {
    splice: (yaml) => withoutItems(text, yaml, section, falling),
    edit(yaml) {
      for (const index of falling) yaml.deleteIn([section, index]);
    },
  });
}

type Yaml = ReturnType<typeof parseDocument>;

interface Edit {
  /** The new text, or null where it cannot say. */
  splice: (yaml: Yaml) => string | null;
  /** The same on the document. */
  edit: (yaml: Yaml) => void;
}

/** The spliced text if it says what the edited document says, else that document written anew, which keeps comments. */
function edited(text: string, { splice: spliceOf, edit }: Edit): string {
  const yaml = parseDocument(text);
  const spliced = spliceOf(yaml);
  edit(yaml);
  if (spliced !== null) {
    const made = parseDocument(spliced);
    if (made.errors.length === 0 && isDeepStrictEqual(made.toJS(), yaml.toJS())) return spliced;
  }
  return yaml.toString({ lineWidth: 0 });
}

const splice = (text: string, from: number, to: number, insert: string): string =>
  text.slice(0, from) + insert + text.slice(to);

const lineBegin = (text: string, offset: number): number => text.lastIndexOf('\n', offset - 1) + 1;
export const columnOf = (text: string, offset: number): number => offset - lineBegin(text, offset);

/** Behind the line break that ends the line of `offset`, or the end of the text. */
export function nextLine(text: string, offset: number): number {
  if (offset > 0 && text[offset - 1] === '\n') return offset;
  const end = text.indexOf('\n', offset);
  return end < 0 ? text.length : end + 1;
}

const endsLine = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`);

const beginOf = (node: Node): number => node.range?.[0] ?? 0;

/** Where what a node says ends: a block ends with the last thing in it, not with the comments behind it. */
export function endOf(node: Node): number {
  const last = isMap(node) || isSeq(node) ? node.items.at(-1) : undefined;
  if (last === undefined || ((isMap(node) || isSeq(node)) && node.flow)) return node.range?.[1] ?? 0;
  const inner = isMap(node)
    ? ((last as Pair<Node, Node | null>).value ?? (last as Pair<Node>).key)
    : (last as Node);
  return endOf(inner);
}

const word = (value: unknown): string => stringify(value, { lineWidth: 0 }).trimEnd();
const inline = (value: unknown): string =>
  stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trimEnd();

function withKey(text: string, yaml: Yaml, path: Path, key: string, value: string): string | null {
  const map = yaml.getIn(path, true) as Node | undefined;
  if (!isMap(map)) return null;
  const pair = map.items.find((item) => isScalar(item.key) && item.key.value === key);
  const node = pair?.value as Node | null | undefined;
  if (node?.range) return isScalar(node) ? splice(text, node.range[0], node.range[1], word(value)) : null;
  return pair ? null : withNewKey(text, map, `${word(key)}: ${word(value)}`);
}

function withNewKey(text: string, map: YAMLMap, line: string): string | null {
  const [first, last] = [map.items[0]?.key as Node | undefined, map.items.at(-1)];
  const end = last && ((last.value as Node | null) ?? (last.key as Node));
  if (!first || !end) return null;
  if (map.flow) return splice(text, endOf(end), endOf(end), `, ${line}`);
  const at = nextLine(text, endOf(end));
  return splice(
    endsLine(text),
    endsAt(text, at),
    endsAt(text, at),
    `${' '.repeat(columnOf(text, beginOf(first)))}${line}\n`,
  );
}

/** The same place after a line break was put at the end of the text. */
const endsAt = (text: string, at: number): number => (at === text.length ? endsLine(text).length : at);

function withItems(
  text: string,
  yaml: Yaml,
  section: string,
  items: readonly object[],
  written: Written = () => null,
): string | null {
  const list = yaml.get(section, true) as Node | undefined;
  const linesAt = (column: number): string => written(column) ?? itemText(items, column);
  if (list === undefined) return `${endsLine(text)}${section}:\n${linesAt(2)}`;
  if (!isSeq(list)) return null;
  const last = list.items.at(-1) as Node | undefined;
  if (!last) return splice(text, beginOf(list), list.range?.[1] ?? 0, `\n${linesAt(2)}`.trimEnd());
  if (list.flow)
    return splice(text, endOf(last), endOf(last), items.map((item) => `, ${inline(item)}`).join(''));
  const at = endsAt(text, nextLine(text, endOf(last)));
  return splice(endsLine(text), at, at, linesAt(columnOf(text, beginOf(list))));
}

function withFirst(text: string, yaml: Yaml, section: string, items: readonly object[]): string | null {
  const list = yaml.get(section, true) as Node | undefined;
  if (!isSeq(list) || list.items.length === 0) return withItems(text, yaml, section, items);
  const begin = beginOf(list);
  if (list.flow) return splice(text, begin + 1, begin + 1, items.map((item) => ` ${inline(item)},`).join(''));
  const pairs = isMap(yaml.contents) ? yaml.contents.items : [];
  const key = pairs.find((pair) => pair.value === list)?.key as Node | undefined;
  const at = nextLine(text, key?.range?.[1] ?? 0);
  return splice(text, at, at, itemText(items, columnOf(text, begin)));
}

function withReplaced(text: string, yaml: Yaml, section: string, index: number, item: object): string | null {
  const list = yaml.get(section, true) as Node | undefined;
  const old = isSeq(list) ? (list.items[index] as Node | undefined) : undefined;
  if (!isSeq(list) || !old) return null;
  if (isMap(old) && old.flow) return splice(text, beginOf(old), old.range?.[1] ?? 0, inline(item));
  const column = columnOf(text, beginOf(list));
  const fresh = itemText([item], column)
    .slice(column + 2)
    .trimEnd();
  return splice(text, beginOf(old), endOf(old), fresh);
}

function withoutItems(text: string, yaml: Yaml, section: string, falling: readonly number[]): string | null {
  const list = yaml.get(section, true) as Node | undefined;
  if (!isSeq(list) || list.flow || falling.length >= list.items.length) return null;
  let left = text;
  for (const index of falling) {
    const item = list.items[index] as Node | undefined;
    if (!item) return null;
    left = splice(left, lineBegin(text, beginOf(item)), nextLine(text, endOf(item)), '');
  }
  return left;
}

/** `- name: …` as a block each, at this column. */
function itemText(items: readonly object[], column: number): string {
  const lines = stringify(items, { lineWidth: 0 }).trimEnd().split('\n');
  return lines.map((line) => `${' '.repeat(column)}${line}\n`).join('');
}
