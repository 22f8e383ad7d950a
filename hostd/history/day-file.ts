// One day of the history: an SQLite file with the day's flows, and what edges gained in each minute as it was learned.
import type { Receipt } from '../../dp/contract/protocol.ts';
import { type Database, inOne, openDatabase, type Schema, where } from './database.ts';
import { conditions, type FlowFilter } from './flow-filter.ts';
import { type Cell, FLOW_COLUMNS, type Row } from './rows.ts';

const EVIDENCE_KEY =
  'from_kind, from_id, to_kind, to_id, app, confidence, proto, dport, src, dst, inferred, flagged';
/** Flows have rowids: their rows are long, and without one each would need a page of its own beside the tree. */
const TABLES = `
CREATE TABLE flows (
  id TEXT PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL, ended INTEGER NOT NULL,
  from_kind TEXT, from_id TEXT, from_name TEXT, from_group TEXT,
  to_kind TEXT, to_id TEXT, to_name TEXT, to_group TEXT,
  src TEXT NOT NULL, dst TEXT NOT NULL, proto TEXT NOT NULL, dport INTEGER NOT NULL,
  app TEXT, confidence TEXT, verdict TEXT, violation INTEGER NOT NULL, decided_by TEXT, rule TEXT,
  leg INTEGER NOT NULL, related INTEGER NOT NULL, inferred INTEGER NOT NULL, flagged INTEGER NOT NULL,
  words TEXT NOT NULL, json TEXT NOT NULL
);
CREATE INDEX flows_by_first ON flows (first, id);
CREATE INDEX flows_as_evidence ON flows (${EVIDENCE_KEY}, leg, related, ended, first, last, from_name, to_name, id);
CREATE INDEX flows_in_violation ON flows (last) WHERE violation = 1;
CREATE TABLE edges (
  minute INTEGER NOT NULL, from_kind TEXT NOT NULL, from_id TEXT NOT NULL, to_kind TEXT NOT NULL,
  to_id TEXT NOT NULL, app TEXT NOT NULL, proto TEXT NOT NULL, port INTEGER NOT NULL,
  packets_out INTEGER NOT NULL, packets_in INTEGER NOT NULL,
  bytes_out INTEGER NOT NULL, bytes_in INTEGER NOT NULL,
  PRIMARY KEY (minute, from_kind, from_id, to_kind, to_id, app, proto, port)
) WITHOUT ROWID;
CREATE TABLE receipt (one INTEGER PRIMARY KEY CHECK (one = 1), instance TEXT NOT NULL, batch INTEGER NOT NULL)
`;
const SCHEMA: Schema = { version: 5, tables: TABLES, synchronous: 'NORMAL' };

const INSERT_FLOW = `INSERT OR REPLACE INTO flows (${FLOW_COLUMNS.join(', ')}) VALUES (${FLOW_COLUMNS.map(() => '?').join(', ')})`;
const ADD_EDGE = `INSERT INTO edges VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET packets_out = packets_out + excluded.packets_out,
  packets_in = packets_in + excluded.packets_in, bytes_out = bytes_out + excluded.bytes_out,
  bytes_in = bytes_in + excluded.bytes_in`;

const SET_RECEIPT = 'INSERT OR REPLACE INTO receipt VALUES (1, ?, ?)';

const EDGE_KEY = 'from_kind, from_id, to_kind, to_id, app, proto';
const SESSIONS = `SELECT ${EDGE_KEY}, dport AS port, max(from_name) AS from_name, max(to_name) AS to_name,
  count(*) AS sessions, sum(ended = 0 OR last > :until) AS open, sum(violation) AS violations,
  min(first) AS first, max(last) AS last, max(confidence) AS confidence
FROM flows WHERE first <= :until AND last >= :since AND leg = 0 AND from_id IS NOT NULL AND to_id IS NOT NULL
  AND id NOT IN (SELECT value FROM json_each(:counted))
GROUP BY ${EDGE_KEY}, dport`;
const TOTALS = `SELECT ${EDGE_KEY}, port, sum(packets_out) AS packets_out, sum(packets_in) AS packets_in,
  sum(bytes_out) AS bytes_out, sum(bytes_in) AS bytes_in
FROM edges WHERE minute >= :since AND minute <= :until GROUP BY ${EDGE_KEY}, port`;
const EVIDENCE = `SELECT ${EVIDENCE_KEY}, max(from_name) AS from_name, max(to_name) AS to_name, count(*) AS flows,
  min(first) AS first, max(last) AS last, max(id) AS example
FROM flows INDEXED BY flows_as_evidence
WHERE first <= :until AND first >= :begun AND last >= :since AND leg = 0 AND related = 0
  AND from_id IS NOT NULL AND to_id IS NOT NULL AND (app IS NOT NULL OR ended = 1 OR first < :settled)
  AND id NOT IN (SELECT value FROM json_each(:counted))
GROUP BY ${EVIDENCE_KEY}`;
const HOUR_MS = 3_600_000;
const HOURS = `SELECT DISTINCT minute - minute % ${HOUR_MS} AS hour FROM edges WHERE minute >= ? AND minute <= ?`;
const VIOLATION_KEY = 'from_kind, from_id, to_kind, to_id, app, proto, dport, verdict, decided_by, rule';
/** Of each source the latest only, and how many there are. */
const VIOLATIONS = `SELECT * FROM (SELECT ${VIOLATION_KEY}, max(from_name) AS from_name, max(to_name) AS to_name,
  max(src) AS src, max(dst) AS dst, count(*) AS flows, min(first) AS first, max(last) AS last, max(id) AS example,
  row_number() OVER (PARTITION BY from_kind, from_id ORDER BY max(last) DESC) AS place,
  count(*) OVER (PARTITION BY from_kind, from_id) AS places
FROM flows WHERE violation = 1 AND first <= :until AND last >= :since AND leg = 0
  AND id NOT IN (SELECT value FROM json_each(:counted))
GROUP BY ${VIOLATION_KEY}) WHERE place <= :each`;
const END_OTHERS = `UPDATE flows SET ended = 1, json = json_set(json, '$.end', 'evicted')
  WHERE ended = 0 AND substr(id, 1, ?) <> ?`;
const CARRIED = 'SELECT id FROM flows WHERE first < ? AND last >= ?';

/** A row of the flow list: what is merged and paged by, and the flow itself. */
export interface FoundFlow {
  id: string;
  first: number;
  json: string;
}

export interface FlowPosition {
  first: number;
  id: string;
}

/** Times in ms since the epoch. */
export interface EvidenceWindow {
  /** Seen at or after this moment … */
  since: number;
  /** … and begun at or after this one … */
  begun: number;
  /** … and at or before this one. */
  until: number;
  /** An open flow without an application counts only if it began before this: it may still be recognised. */
  settled: number;
}

/** What flows or edges have in common, and its sums. */
export type AggregateRow = Record<string, Cell>;

export class DayFile {
  readonly day: string;
  readonly #database: Database;

  /** Opens or makes the file; throws what SQLite throws, also for another schema version. */
  constructor(path: string, day: string) {
    this.day = day;
    this.#database = openDatabase(path, SCHEMA);
  }

  /** All or nothing; `receipt`: what is on disk with this. */
  write(flows: readonly Row[], edges: readonly Row[], receipt: Receipt | null): void {
    inOne(this.#database, () => {
      this.#runAll(INSERT_FLOW, flows);
      this.#runAll(ADD_EDGE, edges);
      if (receipt) this.#runAll(SET_RECEIPT, [[receipt.instance, receipt.batch]]);
    });
  }

  /** Newest first (by when they began), from after `position` on. */
  flows(filter: FlowFilter, position: FlowPosition | null, limit: number): FoundFlow[] {
    const found = conditions(filter);
    if (position) found.push({ sql: '(first, id) < (?, ?)', values: [position.first, position.id] });
    const { sql, values } = where(found);
    const select = `SELECT id, first, json FROM flows ${sql} ORDER BY first DESC, id DESC LIMIT ?`;
    return this.#database.prepare(select).all(...values, limit) as FoundFlow[];
  }

  /** Flows of the window by edge, but for those in `counted`. */
  sessions(since: number, until: number, counted: readonly string[]): AggregateRow[] {
    const values = { since, until, counted: JSON.stringify(counted) };
    return this.#database.prepare(SESSIONS).all(values) as AggregateRow[];
  }

  /** Flows by ends and service, but for those in `counted`. */
  evidence(window: EvidenceWindow, counted: readonly string[]): AggregateRow[] {
    const values = { ...window, counted: JSON.stringify(counted) };
    return this.#database.prepare(EVIDENCE).all(values) as AggregateRow[];
  }

  /** Beginnings of hours in which edges gained anything. */
  hours(since: number, until: number): number[] {
    return (this.#database.prepare(HOURS).all(since, until) as { hour: number }[]).map(({ hour }) => hour);
  }

  /** Violations of the window by edge and what decided, the latest `each` of a source. */
  violations(since: number, until: number, counted: readonly string[], each: number): AggregateRow[] {
    const values = { since, until, each, counted: JSON.stringify(counted) };
    return this.#database.prepare(VIOLATIONS).all(values) as AggregateRow[];
  }

  /** Packets and bytes of whole minutes by edge. */
  totals(sinceMinute: number, until: number): AggregateRow[] {
    return this.#database.prepare(TOTALS).all({ since: sinceMinute, until }) as AggregateRow[];
  }

  /** Ids of flows that began before `start` and were seen since. */
  carried(start: number, since: number): string[] {
    return (this.#database.prepare(CARRIED).all(start, since) as { id: string }[]).map((row) => row.id);
  }

  /** Ends open flows whose id does not begin with `prefix`. */
  endOthers(prefix: string): void {
    this.#database.prepare(END_OTHERS).run(prefix.length, prefix);
  }

  receipt(): Receipt | null {
    const row = this.#database.prepare('SELECT instance, batch FROM receipt').get();
    return (row as Receipt | undefined) ?? null;
  }

  count(): number {
    return this.#number('SELECT count(*) AS rows FROM flows', 'rows');
  }

  close(): void {
    this.#database.close();
  }

  #runAll(sql: string, rows: readonly Row[]): void {
    const statement = this.#database.prepare(sql);
    for (const row of rows) statement.run(...row);
  }

  #number(sql: string, column: string): number {
    const row = this.#database.prepare(sql).get() as Record<string, unknown> | undefined;
    return Number(row?.[column] ?? 0);
  }
}
