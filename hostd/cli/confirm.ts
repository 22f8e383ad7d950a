// Asks before something that cannot be taken back lightly.
import { VmoatError } from '../base/errors.ts';
import { styled, type Terminal } from './terminal.ts';

export interface Confirmation {
  /** What is about to happen. */
  says: string;
  /** What has to be typed. */
  word: string;
  /** The option that goes on without asking. */
  option: string;
}

/** Throws `not_confirmed` unless the word is typed. */
export async function confirm(terminal: Terminal, { says, word, option }: Confirmation): Promise<void> {
  if (!terminal.ask)
    throw new VmoatError('not_confirmed', says, { hint: `add ${option} where nobody can be asked` });
  terminal.err(
    `${says
      .split('\n')
      .map((line) => styled(terminal, null, line))
      .join('\n')}\n`,
  );
  const answer = await terminal.ask(`Type ${word} to go on: `);
  if (answer.trim() !== word) throw new VmoatError('not_confirmed', 'nothing was done');
}
