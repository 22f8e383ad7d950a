// The policy file that a command was given: `-` is standard input.
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileTrouble, VmoatError } from '../../base/errors.ts';
import { POLICY_BYTES_MAX } from '../../policy/document/parse.ts';

const STDIN = '-';
const HINT =
  'name a policy file, or - for standard input; `vmoat policy export > policy.yaml` writes what is live';

/** Its text; throws `policy_unreadable`. */
export function fileText(file: string): string {
  try {
    if (file !== STDIN && statSync(file).size > POLICY_BYTES_MAX)
      throw new Error(`it is longer than ${POLICY_BYTES_MAX} bytes`);
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      readFileSync(file === STDIN ? 0 : file),
    );
  } catch (cause) {
    const why = cause instanceof TypeError ? 'it is no text in UTF-8' : fileTrouble(cause);
    throw new VmoatError('policy_unreadable', `${fileName(file)}: ${why}`, {
      cause,
      hint: HINT,
    });
  }
}

/** What the file is called in messages. */
export const fileName = (file: string): string => (file === STDIN ? 'stdin' : file);

/** By what later commands know the same file again; null for standard input. */
export const fileSource = (file: string): string | null => (file === STDIN ? null : resolve(file));
