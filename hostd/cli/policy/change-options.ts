// Options of the commands that change the policy.
import { type Command, InvalidArgumentError } from 'commander';
import { VmoatError } from '../../base/errors.ts';
import { Duration, durationMs } from '../../policy/document/words.ts';
import { PolicyVersion } from '../../policy/shapes.ts';
import { confirm } from '../confirm.ts';
import { type Context, outputOption, printJson } from '../context.ts';
import { shellSession } from './ssh-session.ts';
import { versionLine } from './version-text.ts';

export interface ChangeOptions {
  confirmWithin?: number;
  reason?: string;
  /** Where it could cut off whoever asks. */
  force?: boolean;
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

export const forceOption = (command: Command): Command =>
  reasonOption(
    command.option('--force', 'also where it cuts open flows by which somebody manages this host or a VM'),
  );

export const changeOptions = (command: Command): Command =>
  forceOption(
    command.option(
      '--confirm-within <duration>',
      'roll back by itself unless confirmed: 60s, 5m',
      durationOption,
    ),
  );

export const reasonOf = ({ reason = '' }: Pick<ChangeOptions, 'reason'>): { reason: string } => ({ reason });
/** For changes that may be refused since they would cut somebody off. */
export function insistence({ force }: Pick<ChangeOptions, 'force'>): object {
  const session = shellSession();
  return { ...(force && { force }), ...(session && { session }) };
}
export const changeBody = ({ confirmWithin, reason = '', force = false }: ChangeOptions) => ({
  reason,
  ...insistence({ force }),
  ...(confirmWithin !== undefined && { confirmWithinMs: confirmWithin }),
});

/** What is refused since it would cut somebody off is done all the same where the person at the terminal says so. */
export async function insisting<T>(
  { terminal }: Pick<Context, 'terminal'>,
  job: (force: { force?: true }) => Promise<T>,
): Promise<T> {
  try {
    return await job({});
  } catch (thrown) {
    if (!(thrown instanceof VmoatError && thrown.code === 'would_cut_off' && terminal.ask)) throw thrown;
    await confirm(terminal, { says: thrown.message, word: 'cut', option: '--force' });
    return job({ force: true });
  }
}

/** Asks the socket of root for a change, and says what it came to. */
export async function change(context: Context, path: string, body: object, output: string): Promise<void> {
  const version = await insisting(context, (force) =>
    context.admin().post(PolicyVersion, path, { ...body, ...force }),
  );
  if (output === 'json') printJson(context.terminal, version);
  else context.terminal.out(versionLine(version, context.terminal, context.now()));
}
