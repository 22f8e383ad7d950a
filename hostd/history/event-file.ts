// The events that are kept, and which of them are still to be delivered where, in one SQLite file.
import type { EventRecord } from '../api/schema.ts';
import { type Database, inOne, openDatabase, type Schema, where } from './database.ts';
import type { FlowPosition } from './day-file.ts';
import { conditions, type EventFilter, rankOf, subjectsOf, wordsOf } from './event-filter.ts';

const SCHEMA: Schema = {
  version: 1,
  tables: `
CREATE TABLE events (
  id TEXT PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, rank INTEGER NOT NULL,
  subjects TEXT NOT NULL, words TEXT NOT NULL, json TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE outbox (destination TEXT NOT NULL, event TEXT NOT NULL, PRIMARY KEY (destination, event)) WITHOUT ROWID`,
  synchronous: 'FULL',
};
const INSERT = 'INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?, ?, ?)';
const PENDING = `SELECT destination, json FROM outbox JOIN events ON events.id = outbox.event
ORDER BY destination, event`;
const DROP_OLD = 'DELETE FROM events WHERE at < ?';
const DROP_MANY = 'DELETE FROM events WHERE id <= (SELECT id FROM events ORDER BY id DESC LIMIT 1 OFFSET ?)';
const DROP_ORPHANS = 'DELETE FROM outbox WHERE event NOT IN (SELECT id FROM events)';

/** An event, and the destinations that are to have it. */
export interface Outgoing {
  event: EventRecord;
  to: string[];
}

export interface Delivered {
  destination: string;
  /** Id of the event. */
  event: string;
}

export interface Pending {
  destination: string;
  event: EventRecord;
}

export interface EventPage {
  events: EventRecord[];
  next: FlowPosition | null;
}

export class EventFile {
  readonly #database: Database;

  constructor(path: string) {
    this.#database = openDatabase(path, SCHEMA);
  }

  /** All or nothing: new events with where they are to go, and what has arrived. */
  write(outgoing: readonly Outgoing[], delivered: readonly Delivered[]): void {
    inOne(this.#database, () => {
      const insert = this.#database.prepare(INSERT);
      const post = this.#database.prepare('INSERT OR IGNORE INTO outbox VALUES (?, ?)');
      const done = this.#database.prepare('DELETE FROM outbox WHERE destination = ? AND event = ?');
      for (const { event, to } of outgoing) {
        const { id, at, kind, severity } = event;
        const row = [id, Date.parse(at), kind, rankOf(severity), subjectsOf(event), wordsOf(event)];
        insert.run(...row, JSON.stringify(event));
        for (const destination of to) post.run(destination, id);
      }
      for (const { destination, event } of delivered) done.run(destination, event);
    });
  }

  /** Newest first, from after `position` on. */
  find(filter: EventFilter, position: FlowPosition | null, limit: number): EventPage {
    const found = conditions(filter);
    if (position) found.push({ sql: 'id < ?', values: [position.id] });
    const { sql, values } = where(found);
    const select = `SELECT json FROM events ${sql} ORDER BY id DESC LIMIT ?`;
    const rows = this.#database.prepare(select).all(...values, limit + 1) as { json: string }[];
    const events = rows.slice(0, limit).map(({ json }) => JSON.parse(json) as EventRecord);
    const last = events.at(-1);
    return {
      events,
      next: rows.length > limit && last ? { first: Date.parse(last.at), id: last.id } : null,
    };
  }

  /** What was to be delivered and did not arrive yet, the oldest first for each destination. */
  pending(): Pending[] {
    const rows = this.#database.prepare(PENDING).all() as { destination: string; json: string }[];
    return rows.map(({ destination, json }) => ({ destination, event: JSON.parse(json) as EventRecord }));
  }

  /** Events before `earliest`, ms, go, and the oldest beyond `max`, with what of them is not delivered. */
  dropOld(earliest: number, max: number): void {
    inOne(this.#database, () => {
      this.#database.prepare(DROP_OLD).run(earliest);
      this.#database.prepare(DROP_MANY).run(max);
      this.#database.prepare(DROP_ORPHANS).run();
    });
  }

  close(): void {
    this.#database.close();
  }
}
