// The incidents of all days that are kept, in one SQLite file: they are few, and each may come again for days.
import type { Acknowledgement, Threat } from '../api/schema.ts';
import { type Database, inOne, openDatabase, type Schema } from './database.ts';

const SCHEMA: Schema = {
  version: 1,
  tables: `CREATE TABLE threats (id TEXT PRIMARY KEY, count INTEGER NOT NULL, json TEXT NOT NULL, acknowledged TEXT)
    WITHOUT ROWID`,
  synchronous: 'FULL',
};
/** An older state never replaces a newer one, and no state what people said of the incident. */
const UPSERT = `INSERT INTO threats (id, count, json) VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET count = excluded.count, json = excluded.json WHERE excluded.count >= count`;

export type ThreatRow = [id: string, count: number, json: string];

export function threatRow(threat: Threat): ThreatRow {
  const { acknowledged: _, ...rest } = threat;
  return [threat.id, threat.count, JSON.stringify(rest)];
}

export class ThreatFile {
  readonly #database: Database;

  constructor(path: string) {
    this.#database = openDatabase(path, SCHEMA);
  }

  /** All or nothing. */
  write(rows: readonly ThreatRow[], gone: readonly string[]): void {
    inOne(this.#database, () => {
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
    inOne(this.#database, () => {
      const set = this.#database.prepare('UPDATE threats SET acknowledged = ? WHERE id = ?');
      const json = acknowledged && JSON.stringify(acknowledged);
      for (const id of ids) set.run(json, id);
    });
  }

  close(): void {
    this.#database.close();
  }
}
