// The incidents of all days that are kept, in one SQLite file: they are few, and each may come again for days.
import { DatabaseSync } from '@photostructure/sqlite';
import type { Acknowledgement, Threat } from '../api/schema.ts';

/** Raised with every change of the table; a file of another version is set aside, not read. */
const SCHEMA_VERSION = 1;
const SCHEMA = `
CREATE TABLE threats (id TEXT PRIMARY KEY, count INTEGER NOT NULL, json TEXT NOT NULL, acknowledged TEXT) WITHOUT ROWID;
PRAGMA user_version = ${SCHEMA_VERSION};
`;
/** An older state never replaces a newer one, and no state what people said of the incident. */
const UPSERT = `INSERT INTO threats (id, count, json) VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET count = excluded.count, json = excluded.json WHERE excluded.count >= count`;

export type ThreatRow = [id: string, count: number, json: string];

export function threatRow(threat: Threat): ThreatRow {
  const { acknowledged: _, ...rest } = threat;
  return [threat.id, threat.count, JSON.stringify(rest)];
}

export class ThreatFile {
  readonly #database: InstanceType<typeof DatabaseSync>;

  /** Opens or makes the file; throws what SQLite throws, also for another schema version. */
  constructor(path: string) {
    this.#database = new DatabaseSync(path);
    try {
      this.#prepare();
    } catch (cause) {
      this.#database.close();
      throw cause;
    }
  }

  /** FULL: what was acknowledged stays so when the power fails. */
  #prepare(): void {
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 2000');
    const row = this.#database.prepare('PRAGMA user_version').get() as { user_version: number };
    if (row.user_version === SCHEMA_VERSION) return;
    if (row.user_version !== 0)
      throw new Error(`schema version ${row.user_version}, this is ${SCHEMA_VERSION}`);
    this.#database.exec(`BEGIN; ${SCHEMA} COMMIT`);
  }

  /** All or nothing. */
  write(rows: readonly ThreatRow[], gone: readonly string[]): void {
    this.#inOne(() => {
      const upsert = this.#database.prepare(UPSERT);
      const drop = this.#database.prepare('DELETE FROM threats WHERE id = ?');
      for (const row of rows) upsert.run(...row);
      for (const id of gone) drop.run(id);
    });
  }

  load(): Threat[] {
    const rows = this.#database.prepare('SELECT json, acknowledged FROM threats').all();
    return (rows as { json: string; acknowledged: string | null }[]).map(({ json, acknowledged }) => ({
      ...(JSON.parse(json) as Omit<Threat, 'acknowledged'>),
      acknowledged: acknowledged === null ? null : (JSON.parse(acknowledged) as Acknowledgement),
    }));
  }

  acknowledge(ids: readonly string[], acknowledged: Acknowledgement | null): void {
    this.#inOne(() => {
      const set = this.#database.prepare('UPDATE threats SET acknowledged = ? WHERE id = ?');
      const json = acknowledged && JSON.stringify(acknowledged);
      for (const id of ids) set.run(json, id);
    });
  }

  close(): void {
    this.#database.close();
  }

  #inOne(change: () => void): void {
    this.#database.exec('BEGIN');
    try {
      change();
      this.#database.exec('COMMIT');
    } catch (cause) {
      this.#database.exec('ROLLBACK');
      throw cause;
    }
  }
}
