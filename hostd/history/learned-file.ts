// What was learned so far, in one SQLite file: one row for each service of each pair of ends, for good.
import type { Evidence } from '../base/evidence.ts';
import { type Database, inOne, openDatabase, type Schema } from './database.ts';

const SCHEMA: Schema = {
  version: 1,
  tables: `
CREATE TABLE learned (key TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE until (one INTEGER PRIMARY KEY CHECK (one = 1), ms INTEGER NOT NULL)`,
  synchronous: 'FULL',
};

export interface Learned {
  evidence: [key: string, evidence: Evidence][];
  /** Flows that began before this moment were looked at, ms since the epoch; null: none yet. */
  until: number | null;
}

export class LearnedFile {
  readonly #database: Database;

  constructor(path: string) {
    this.#database = openDatabase(path, SCHEMA);
  }

  load(): Learned {
    const rows = this.#database.prepare('SELECT key, json FROM learned').all() as {
      key: string;
      json: string;
    }[];
    const until = this.#database.prepare('SELECT ms FROM until').get() as { ms: number } | undefined;
    return {
      evidence: rows.map(({ key, json }) => [key, JSON.parse(json) as Evidence]),
      until: until?.ms ?? null,
    };
  }

  /** All or nothing; what is null is forgotten. */
  write(changed: readonly [key: string, evidence: Evidence | null][], until: number): void {
    inOne(this.#database, () => {
      const set = this.#database.prepare('INSERT OR REPLACE INTO learned VALUES (?, ?)');
      const drop = this.#database.prepare('DELETE FROM learned WHERE key = ?');
      for (const [key, evidence] of changed)
        if (evidence) set.run(key, JSON.stringify(evidence));
        else drop.run(key);
      this.#database.prepare('INSERT OR REPLACE INTO until VALUES (1, ?)').run(until);
    });
  }

  close(): void {
    this.#database.close();
  }
}
