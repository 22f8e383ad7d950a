// What rules decided, in one SQLite file, and up to which batch of flow records that counts.
import type { Receipt } from '../../dp/contract/protocol.ts';
import type { RuleCount, RuleCounts } from '../base/rule-count.ts';
import { type Database, inOne, openDatabase, type Schema } from './database.ts';

const SCHEMA: Schema = {
  version: 1,
  tables: `
CREATE TABLE rules (id TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE watched (one INTEGER PRIMARY KEY CHECK (one = 1), ms INTEGER NOT NULL);
CREATE TABLE receipt (one INTEGER PRIMARY KEY CHECK (one = 1), instance TEXT NOT NULL, batch INTEGER NOT NULL)`,
  synchronous: 'NORMAL',
};

/** What has changed. */
export interface RuleChanges {
  rules: RuleCount[];
  /** Ids of rules that are no longer kept. */
  gone: string[];
  watched_ms: number;
  /** All batches up to this one are in; null: none is new. */
  receipt: Receipt | null;
}

export class RuleFile {
  readonly #database: Database;

  constructor(path: string) {
    this.#database = openDatabase(path, SCHEMA);
  }

  /** All or nothing: a batch that comes again is known by the receipt, so that it is not counted twice. */
  write({ rules, gone, watched_ms, receipt }: RuleChanges): void {
    inOne(this.#database, () => {
      const set = this.#database.prepare('INSERT OR REPLACE INTO rules VALUES (?, ?)');
      const drop = this.#database.prepare('DELETE FROM rules WHERE id = ?');
      for (const rule of rules) set.run(rule.id, JSON.stringify(rule));
      for (const id of gone) drop.run(id);
      this.#database.prepare('INSERT OR REPLACE INTO watched VALUES (1, ?)').run(Math.round(watched_ms));
      if (receipt)
        this.#database
          .prepare('INSERT OR REPLACE INTO receipt VALUES (1, ?, ?)')
          .run(receipt.instance, receipt.batch);
    });
  }

  load(): RuleCounts & { receipt: Receipt | null } {
    const rows = this.#database.prepare('SELECT json FROM rules').all() as { json: string }[];
    const watched = this.#database.prepare('SELECT ms FROM watched').get() as { ms: number } | undefined;
    const receipt = this.#database.prepare('SELECT instance, batch FROM receipt').get();
    return {
      rules: rows.map(({ json }) => JSON.parse(json) as RuleCount),
      watched_ms: watched?.ms ?? 0,
      receipt: (receipt as Receipt | undefined) ?? null,
    };
  }

  close(): void {
    this.#database.close();
  }
}
