// SQLite as the history uses it: files of one schema version, changed all or nothing.
import { DatabaseSync } from '@photostructure/sqlite';

export type Database = InstanceType<typeof DatabaseSync>;

export interface Schema {
  /** Raised with every change of the tables; a file of another version is set aside, not read. */
  version: number;
  tables: string;
  /** FULL: what was written stays so when the power fails. */
  synchronous: 'NORMAL' | 'FULL';
}

/** Opens or makes the file; throws what SQLite throws, also for another schema version. */
export function openDatabase(path: string, schema: Schema): Database {
  const database = new DatabaseSync(path);
  try {
    prepare(database, schema);
    return database;
  } catch (cause) {
    database.close();
    throw cause;
  }
}

function prepare(database: Database, { version, tables, synchronous }: Schema): void {
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}; PRAGMA busy_timeout = 2000`);
  const row = database.prepare('PRAGMA user_version').get() as { user_version: number };
  if (row.user_version === version) return;
  if (row.user_version !== 0) throw new Error(`schema version ${row.user_version}, this is ${version}`);
  inOne(database, () => database.exec(`${tables}; PRAGMA user_version = ${version}`));
}

/** All of the change, or nothing. */
export function inOne(database: Database, change: () => void): void {
  database.exec('BEGIN');
  try {
    change();
    database.exec('COMMIT');
  } catch (cause) {
    database.exec('ROLLBACK');
    throw cause;
  }
}

/** A part of what is asked for, and what stands for its question marks. */
export interface Condition {
  sql: string;
  values: (string | number)[];
}

/** All of them must hold. */
export const where = (conditions: readonly Condition[]): Condition => ({
  sql: conditions.length ? `WHERE ${conditions.map(({ sql }) => sql).join(' AND ')}` : '',
  values: conditions.flatMap(({ values }) => values),
});
