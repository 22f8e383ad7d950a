// Where the items of a document's sections stand: small enough to go from thread to thread, which a document of YAML is
// not. What is deeper is found by reading the text of its one item again.
import { type Document, isMap, isNode, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { type Path, type Place, type PlaceFinder, Places } from '../../base/strict-yaml.ts';

export interface Outline {
  /** Of each line its first character, in characters from the beginning of the text. */
  lines: Uint32Array;
  /** By section, of each item: where it begins and ends, and where its name stands. */
  sections: Record<string, Uint32Array>;
}

const NAMES = ['id', 'name'];
const FIELDS = 3;

export function outlineOf(yaml: Document.Parsed, { lineStarts }: LineCounter): Outline {
  const sections: Outline['sections'] = {};
  if (isMap(yaml.contents))
    for (const { key, value } of yaml.contents.items)
      if (isSeq(value)) sections[String(key)] = Uint32Array.from(value.items.flatMap(placesOf));
  return { lines: Uint32Array.from(lineStarts), sections };
}

function placesOf(item: unknown): [begin: number, end: number, name: number] {
  const node = item as Node;
  const [begin = 0, end = 0] = node.range ?? [];
  const name = isMap(node) ? NAMES.map((key) => node.get(key, true)).find(isNode) : undefined;
  return [begin, end, name?.range?.[0] ?? begin];
}

export class OutlinePlaces implements PlaceFinder {
  readonly #text: string;
  readonly #outline: Outline;
  readonly #file: string;

  constructor(text: string, outline: Outline, file: string) {
    this.#text = text;
    this.#outline = outline;
    this.#file = file;
  }

  named(file: string): OutlinePlaces {
    return new OutlinePlaces(this.#text, this.#outline, file);
  }

  of(path: Path): Place {
    const [section, index, ...rest] = path;
    const at = Number(index) * FIELDS;
    const items = this.#outline.sections[String(section)];
    const [begin, end, name] = items?.subarray(at, at + FIELDS) ?? [];
    if (begin === undefined || end === undefined || name === undefined) return this.#at(0, path);
    if (rest.length === 0) return this.#at(begin, path);
    if (rest.length === 1 && NAMES.some((key) => key === rest[0])) return this.#at(name, path);
    return this.#within(begin, end, path, rest);
  }

  /** An item may be a block: its first line is moved to the column where the others begin. */
  #within(begin: number, end: number, path: Path, rest: Path): Place {
    const { line, column } = this.#at(begin, path);
    const lines = new LineCounter();
    const text = ' '.repeat(column - 1) + this.#text.slice(begin, end);
    const found = new Places(parseDocument(text, { lineCounter: lines }), lines, this.#file).of(rest);
    return { ...this.#at(begin, path), line: line + found.line - 1, column: found.column };
  }

  #at(offset: number, path: Path): Place {
    const { lines } = this.#outline;
    let [low, high] = [0, lines.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((lines[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    const column = offset - (lines[low] ?? 0) + 1;
    return { file: this.#file, line: low + 1, column, field: path.map(String).join('.') };
  }
}
