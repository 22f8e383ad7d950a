// What every command gets: the terminal, the daemon, the time.
import { Option } from 'commander';
import type { Daemon } from './daemon.ts';
import type { Terminal } from './terminal.ts';
import { safeJson } from './terminal.ts';

export interface Context {
  terminal: Terminal;
  /** Made when a command needs it, from --socket. */
  daemon: () => Daemon;
  now: () => number;
  /** The exit code if nothing throws; 0 at first. */
  fail: (code: number) => void;
}

export const outputOption = (...choices: string[]): Option =>
  new Option('-o, --output <format>', 'how to print it').choices(choices).default(choices[0]);

/** One JSON document with a line break. */
export const printJson = (terminal: Terminal, value: unknown): void =>
  terminal.out(`${safeJson(value, 2)}\n`);

export const examples = (...lines: string[]): string =>
  `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}\n`;
