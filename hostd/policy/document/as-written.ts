// Items of a list as their document writes them: with the comments above and in them, at another indentation.
import { isMap, isSeq, type Node, parseDocument } from 'yaml';
import { columnOf, endOf, nextLine, type Written } from './edit.ts';

export function asWritten(text: string, section: string, indices: readonly number[]): Written {
  const { contents } = parseDocument(text);
  const pairs = isMap(contents) ? contents.items : [];
  const pair = pairs.find(({ key }) => (key as Node & { value?: unknown }).value === section);
  const list = pair?.value;
  return (column) => {
    if (!pair || !isSeq(list) || list.flow) return null;
    const own = columnOf(text, list.range?.[0] ?? 0);
    const ends = list.items.map((item) => nextLine(text, endOf(item as Node)));
    const begin = nextLine(text, (pair.key as Node).range?.[1] ?? 0);
    const parts = indices.map((index) => text.slice(ends[index - 1] ?? begin, ends[index]));
    return parts.map((part) => moved(part, column - own)).join('');
  };
}

function moved(part: string, columns: number): string {
  const lines = part.replace(/\r\n/g, '\n').replace(/^\n+/, '').replace(/\n*$/, '\n').split('\n');
  const shift = (line: string): string =>
    columns >= 0 ? ' '.repeat(columns) + line : line.replace(new RegExp(`^ {0,${-columns}}`), '');
  return lines.map((line) => (line === '' ? '' : shift(line))).join('\n');
}
