// What people have said of violations, in one SQLite file: violations themselves are made from the flows.
import type { Acknowledgement } from '../api/schema.ts';
import { type Database, inOne, openDatabase, type Schema } from './database.ts';

const SCHEMA: Schema = {
  version: 1,
  tables: 'CREATE TABLE marks (id TEXT PRIMARY KEY, at INTEGER NOT NULL, json TEXT NOT NULL) WITHOUT ROWID',
  synchronous: 'FULL',
};
/** Beyond that the oldest go. */
const MARKS_MAX = 20_000;
const DROP_MANY = 'DELETE FROM marks WHERE id IN (SELECT id FROM marks ORDER BY at DESC LIMIT -1 OFFSET ?)';

/** By the id of a violation. */
export type Marks = Record<string, Acknowledgement>;

export class MarkFile {
  readonly #database: Database;

  constructor(path: string) {
    this.#database = openDatabase(path, SCHEMA);
  }

  /** All or nothing; null takes back what was said. */
  mark(ids: readonly string[], mark: Acknowledgement | null, now_ms: number): void {
    inOne(this.#database, () => {
      const set = this.#database.prepare('INSERT OR REPLACE INTO marks VALUES (?, ?, ?)');
      const drop = this.#database.prepare('DELETE FROM marks WHERE id = ?');
      for (const id of ids)
        if (mark) set.run(id, now_ms, JSON.stringify(mark));
        else drop.run(id);
      this.#database.prepare(DROP_MANY).run(MARKS_MAX);
    });
  }

  load(): Marks {
    const rows = this.#database.prepare('SELECT id, json FROM marks').all() as { id: string; json: string }[];
    return Object.fromEntries(rows.map(({ id, json }) => [id, JSON.parse(json) as Acknowledgement]));
  }

  close(): void {
    this.#database.close();
  }
}
