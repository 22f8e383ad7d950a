// What every command gets: the terminal, the daemon, the time; and what several of them need.
import { InvalidArgumentError, Option } from 'commander';
import type { Daemon } from './daemon.ts';
import type { Terminal } from './terminal.ts';
import { safeJson } from './terminal.ts';

export interface Context {
  terminal: Terminal;
  /** Made when a command needs it, from --socket. */
  daemon: () => Daemon;
  /** The same by the socket of root, for what changes something. */
  admin: () => Daemon;
  /** By the socket of root where we may use it, else the other one. */
  best: () => Daemon;
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

const COUNT_MAX = 1_000_000;

/** A whole number given as an option. */
export function countOf(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= COUNT_MAX) return value;
  throw new InvalidArgumentError(`a whole number up to ${COUNT_MAX}.`);
}
