// Options of the commands that change the policy.
import { type Command, InvalidArgumentError } from 'commander';
import { Duration, durationMs } from '../../policy/document/words.ts';
import { PolicyVersion } from '../../policy/shapes.ts';
import { type Context, outputOption, printJson } from '../context.ts';
import { versionLine } from './version-text.ts';

export interface ChangeOptions {
  confirmWithin?: number;
  reason?: string;
  output: string;
}

/** 60s, 5m: milliseconds. */
export function durationOption(text: string): number {
  if (!Duration.safeParse(text).success) throw new InvalidArgumentError('a duration such as 60s or 5m.');
  return durationMs(text);
}

/** An option that takes the number of a version. */
export function versionOption(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('the number of a version.');
  return Number(text);
}

export const reasonOption = (command: Command): Command =>
  command.option('--reason <text>', 'why, for the log').addOption(outputOption('table', 'json'));

export const changeOptions = (command: Command): Command =>
  reasonOption(
    command.option(
      '--confirm-within <duration>',
      'roll back by itself unless confirmed: 60s, 5m',
      durationOption,
    ),
  );

export const reasonOf = ({ reason = '' }: Pick<ChangeOptions, 'reason'>): { reason: string } => ({ reason });
export const changeBody = ({ confirmWithin, reason = '' }: ChangeOptions) => ({
  reason,
  ...(confirmWithin !== undefined && { confirmWithinMs: confirmWithin }),
});

/** Asks the socket of root for a change, and says what it came to. */
export async function change(context: Context, path: string, body: object, output: string): Promise<void> {
  const version = await context.admin().post(PolicyVersion, path, body);
  if (output === 'json') printJson(context.terminal, version);
  else context.terminal.out(versionLine(version, context.terminal, context.now()));
}
