// lowdb's adapter for the store's file: durable, private, with a second copy for the day the first cannot be read.
import { readFile } from 'node:fs/promises';
import type { Adapter } from 'lowdb';
import { writeDurably } from '../../base/durable-file.ts';
import { messageOf, systemCodeOf, VmoatError } from '../../base/errors.ts';
import { migrated } from './migrations.ts';
import { PolicyState } from './state.ts';

export class JsonAdapter implements Adapter<PolicyState> {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Written after the file itself, so it is never ahead of it. */
  get #copy(): string {
    return `${this.#path}.last-good`;
  }

  /** null: there is none yet. Rejects with `policy_store_broken`, which names the last good copy. */
  async read(): Promise<PolicyState | null> {
    const text = await textOf(this.#path);
    if (text === null && (await textOf(this.#copy)) === null) return null;
    try {
      if (text === null) throw new Error('it is gone');
      return stateOf(text);
    } catch (cause) {
      throw await this.#broken(cause);
    }
  }

  async write(state: PolicyState): Promise<void> {
    const text = JSON.stringify(state);
    await writeDurably(this.#path, text);
    await writeDurably(this.#copy, text);
  }

  async #broken(cause: unknown): Promise<VmoatError> {
    const hint = (await this.#copyIsGood())
      ? `the last good copy is ${this.#copy}: put it in its place with cp -p ${this.#copy} ${this.#path}`
      : `${this.#copy} is no good copy either: restore ${this.#path} from a backup, or move it away to begin anew`;
    return new VmoatError('policy_store_broken', `${this.#path} cannot be read: ${messageOf(cause)}`, {
      cause,
      hint,
    });
  }

  async #copyIsGood(): Promise<boolean> {
    try {
      stateOf((await textOf(this.#copy)) ?? '');
      return true;
    } catch {
      return false;
    }
  }
}

function stateOf(text: string): PolicyState {
  const checked = PolicyState.safeParse(migrated(JSON.parse(text)));
  if (checked.success) return checked.data;
  const issue = checked.error.issues[0];
  throw new Error(`${issue?.path.map(String).join('.')}: ${issue?.message}`);
}

/** null where there is no such file. */
async function textOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT') return null;
    throw new VmoatError('policy_store_broken', `${path}: ${messageOf(thrown)}`, { cause: thrown });
  }
}
