// The store in a directory: policy.json by lowdb, and the text of each version in a file of its own, never changed.
import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Low } from 'lowdb';
import { writeDurably } from '../../base/durable-file.ts';
import { messageOf, VmoatError } from '../../base/errors.ts';
import { JsonAdapter } from './json-adapter.ts';
import { emptyState, type PolicyState } from './state.ts';
import type { PolicyStore, VersionText } from './store.ts';

const PRIVATE_FOLDER = 0o700;

export const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

export class FileStore implements PolicyStore {
  readonly #folder: string;
  readonly #db: Low<PolicyState>;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(folder: string, db: Low<PolicyState>) {
    this.#folder = folder;
    this.#db = db;
  }

  /** Rejects with `policy_store_broken` where what is there cannot be read. */
  static async open(folder: string): Promise<FileStore> {
    await mkdir(join(folder, 'versions'), { recursive: true, mode: PRIVATE_FOLDER });
    const db = new Low<PolicyState>(new JsonAdapter(join(folder, 'policy.json')), emptyState());
    await db.read();
    return new FileStore(folder, db);
  }

  get state(): Readonly<PolicyState> {
    return this.#db.data;
  }

  async text(version: number): Promise<string> {
    const path = this.#path(version);
    const text = await readFile(path, 'utf8').catch((cause) => {
      throw broken(path, messageOf(cause));
    });
    const info = this.state.versions.find((each) => each.version === version);
    if (info && info.sha256 !== hashOf(text)) throw broken(path, 'it is not what was written');
    return text;
  }

  change<T>(change: (state: PolicyState) => { answer: T; text?: VersionText }): Promise<T> {
    const done = this.#turn.then(async () => {
      const before = this.#db.data;
      const state = structuredClone(before);
      const { answer, text } = change(state);
      try {
        // First the text: a version that is named is there.
        if (text) await writeDurably(this.#path(text.version), text.text);
        this.#db.data = state;
        await this.#db.write();
      } catch (cause) {
        this.#db.data = before;
        throw new VmoatError('policy_store_failed', `the policy was not written: ${messageOf(cause)}`, {
          cause,
        });
      }
      return answer;
    });
    this.#turn = done.catch(() => undefined);
    return done;
  }

  #path(version: number): string {
    return join(this.#folder, 'versions', `${version}.yaml`);
  }
}

const broken = (path: string, why: string): VmoatError =>
  new VmoatError('policy_store_broken', `${path} cannot be read: ${why}`, {
    hint: 'restore it from a backup, or roll back to another version',
  });
