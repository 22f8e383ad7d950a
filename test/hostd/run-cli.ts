// The command line run in this process, off a terminal unless said otherwise.
import { run } from '../../hostd/cli/program.ts';
import type { Terminal } from '../../hostd/cli/terminal.ts';

export interface Ran {
  code: number;
  out: string;
  err: string;
}

/** `now`: the clock, ms since the epoch. */
export async function runCli(
  argv: readonly string[],
  { now, colour = false }: { now?: () => number; colour?: boolean } = {},
): Promise<Ran> {
  const ran: Ran = { code: 0, out: '', err: '' };
  const terminal: Terminal = {
    out: (text) => {
      ran.out += text;
    },
    err: (text) => {
      ran.err += text;
    },
    colour,
    columns: undefined,
  };
  ran.code = await run([...argv], terminal, now);
  return ran;
}
