// What was learned so far, in one SQLite file: one row for each service of each pair of ends; and what versions of the
// policy have made us forget, so that it comes back with a version of before.
import { type Evidence, joinedEvidence } from '../base/evidence.ts';
import { type Database, inOne, openDatabase, type Schema } from './database.ts';

const SCHEMA: Schema = {
  version: 1,
  tables: `
CREATE TABLE learned (key TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE until (one INTEGER PRIMARY KEY CHECK (one = 1), ms INTEGER NOT NULL)`,
  synchronous: 'FULL',
};

/** Files of before have none. `hidden`: versions whose forgetting holds. */
const FORGOTTEN = `
CREATE TABLE IF NOT EXISTS forgotten (
  version INTEGER NOT NULL, key TEXT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (version, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hidden (version INTEGER PRIMARY KEY)`;
const OF_IT = 'key IN (SELECT key FROM forgotten WHERE version = :version)';
const FORGET = 'INSERT OR REPLACE INTO forgotten SELECT :version, key, json FROM learned WHERE key = :key';
const HIDE = `INSERT OR REPLACE INTO forgotten SELECT :version, key, json FROM learned WHERE ${OF_IT}`;
/** Of the oldest ones. */
const FORGET_FOR_GOOD = `DELETE FROM forgotten WHERE version NOT IN
  (SELECT DISTINCT version FROM forgotten ORDER BY version DESC LIMIT :kept)`;

export interface Learned {
  evidence: [key: string, evidence: Evidence][];
  /** Flows that began before this moment were looked at, ms since the epoch; null: none yet. */
  until: number | null;
}

export class LearnedFile {
  readonly #database: Database;

  constructor(path: string) {
    this.#database = openDatabase(path, SCHEMA);
    this.#database.exec(FORGOTTEN);
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

  /** All or nothing. */
  write(changed: readonly [key: string, evidence: Evidence][], until: number): void {
    inOne(this.#database, () => {
      const set = this.#database.prepare('INSERT OR REPLACE INTO learned VALUES (?, ?)');
      for (const [key, evidence] of changed) set.run(key, JSON.stringify(evidence));
      this.#database.prepare('INSERT OR REPLACE INTO until VALUES (1, ?)').run(until);
    });
  }

  /** Forgets these with that version; of the newest `kept` versions it is kept what they forgot. */
  forget(version: number, keys: readonly string[], kept: number): void {
    inOne(this.#database, () => {
      const [keep, drop] = [FORGET, 'DELETE FROM learned WHERE key = :key'].map((sql) =>
        this.#database.prepare(sql),
      );
      for (const key of keys) {
        keep?.run({ version, key });
        drop?.run({ key });
      }
      this.#database.prepare('INSERT OR IGNORE INTO hidden VALUES (?)').run(version);
      this.#database.prepare(FORGET_FOR_GOOD).run({ kept });
    });
  }

  /** What these versions forgot is forgotten, what others did comes back. Answers whether anything changed. */
  follow(versions: readonly number[]): boolean {
    const rows = this.#database.prepare('SELECT version FROM hidden').all() as { version: number }[];
    const hidden = rows.map(({ version }) => version);
    const going = versions.filter((version) => !hidden.includes(version));
    const coming = hidden.filter((version) => !versions.includes(version));
    inOne(this.#database, () => {
      for (const version of going) this.#hide(version);
      for (const version of coming) this.#show(version);
    });
    return going.length + coming.length > 0;
  }

  #hide(version: number): void {
    this.#database.prepare(HIDE).run({ version });
    this.#database.prepare(`DELETE FROM learned WHERE ${OF_IT}`).run({ version });
    this.#database.prepare('INSERT INTO hidden VALUES (?)').run(version);
  }

  /** What was learned again since counts, too. */
  #show(version: number): void {
    const select =
      this.#database.prepare(`SELECT forgotten.key AS key, forgotten.json AS old, learned.json AS fresh
      FROM forgotten LEFT JOIN learned USING (key) WHERE version = ?`);
    const set = this.#database.prepare('INSERT OR REPLACE INTO learned VALUES (?, ?)');
    for (const { key, old, fresh } of select.all(version) as {
      key: string;
      old: string;
      fresh: string | null;
    }[]) {
      const joined =
        fresh === null ? old : JSON.stringify(joinedEvidence(JSON.parse(old), JSON.parse(fresh)));
      set.run(key, joined);
    }
    this.#database.prepare('DELETE FROM hidden WHERE version = ?').run(version);
  }

  close(): void {
    this.#database.close();
  }
}
