// What the CLI writes to: colour only on a terminal, hostile text escaped, a reader that goes away is no error.
import { createInterface } from 'node:readline/promises';
import { printable } from '../../dp/client/printable.ts';

export interface Terminal {
  /** Text for stdout, as it is. */
  out(text: string): void;
  /** Text for stderr, as it is. */
  err(text: string): void;
  colour: boolean;
  /** Columns, or undefined where nobody reads in columns. */
  columns: number | undefined;
  /** What the person at the terminal answers, without its line break; absent where nobody can be asked. */
  ask?: (question: string) => Promise<string>;
}

const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, cyan: 36 } as const;
export type Style = keyof typeof STYLES;

/** https://no-color.org: any value but the empty one switches colour off. */
export function processTerminal(): Terminal {
  // `vmoat flows -f | head` ends when head has read enough.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    colour: process.stdout.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb',
    columns: process.stdout.isTTY === true ? process.stdout.columns : undefined,
    ...(process.stdin.isTTY && process.stderr.isTTY && { ask: askProcess }),
  };
}

/** On stderr, so that what goes to stdout stays for programs. */
async function askProcess(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
}

/** Text of others, safe for a terminal, in a style where there is colour. */
export function styled(terminal: Terminal, style: Style | null, text: string): string {
  const safe = printable(text);
  return terminal.colour && style ? `\u001b[${STYLES[style]}m${safe}\u001b[0m` : safe;
}

/** Characters that JSON leaves alone and a terminal does not: DEL, C1 controls, bidi and separator marks. */
const LEFT_BY_JSON = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

export const safeJson = (value: unknown, indent = 0): string =>
  JSON.stringify(value, null, indent).replace(
    LEFT_BY_JSON,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
