// Tables without lines, as ps and kubectl print them.
import CliTable from 'cli-table3';
import { type Style, styled, type Terminal } from './terminal.ts';

export interface Column<T> {
  title: string;
  /** Text of others; escaped here. */
  text: (row: T) => string;
  style?: (row: T) => Style | null;
  right?: boolean;
}

const NO_LINES = Object.fromEntries(
  [
    ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
    ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid'],
  ].map((name) => [name, '']),
);

/** Ends with a line break; only the heads where there are no rows. */
export function table<T>(terminal: Terminal, columns: readonly Column<T>[], rows: readonly T[]): string {
  const made = new CliTable({
    head: columns.map((column) => styled(terminal, 'bold', column.title)),
    chars: { ...NO_LINES, middle: '  ' },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
    colAligns: columns.map((column) => (column.right ? 'right' : 'left')),
  });
  for (const row of rows)
    made.push(
      columns.map((column) => styled(terminal, column.style?.(row) ?? null, column.text(row) || '-')),
    );
  return `${made
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')}\n`;
}

/** One field of a thing: its name, its value, how it looks. */
export type Fact = [name: string, value: string, style?: Style];

/** A line for each field, the names in a column. */
export function factLines(terminal: Terminal, facts: readonly Fact[]): string {
  const width = Math.max(...facts.map(([name]) => name.length));
  return facts
    .map(
      ([name, value, style = null]) =>
        `${styled(terminal, 'bold', name.padEnd(width))}  ${styled(terminal, style, value)}\n`,
    )
    .join('');
}
