// All days of the history: writes to the right day, asks several, drops old ones, sets broken files aside.
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Receipt } from '../../dp/contract/protocol.ts';
import { dayOf, dayOfFile, fileOf, firstKept, startOf } from './day.ts';
import {
  type AggregateRow,
  DayFile,
  type EvidenceWindow,
  type FlowPosition,
  type FoundFlow,
} from './day-file.ts';
import type { FlowFilter } from './flow-filter.ts';
import type { Row } from './rows.ts';
import { isBroken, SIDE_FILES, setAside } from './set-aside.ts';

export interface StoreOptions {
  folder: string;
  retentionDays: number;
  now: () => number;
  /** A file could not be used and was renamed. */
  onSetAside: (file: string, reason: string) => void;
}

export interface FlowPageRows {
  rows: FoundFlow[];
  next: FlowPosition | null;
}

export interface WindowRows {
  sessions: AggregateRow[];
  totals: AggregateRow[];
}

interface DayCount {
  rows: number;
  /** When it was counted, ms. */
  at: number;
  /** Written to since. */
  stale: boolean;
}

const OPEN_FILES_MAX = 12;
const COUNT_ROWS_QUICK = 100_000;
const COUNT_INTERVAL_MS = 300_000;
const MINUTE_MS = 60_000;
const LAST_COLUMN = 2;
const ALL_FILES = ['', ...SIDE_FILES];

export class HistoryStore {
  readonly #options: StoreOptions;
  /** Least recently used first. */
  readonly #open = new Map<string, DayFile>();
  readonly #counts = new Map<string, DayCount>();

  constructor(options: StoreOptions) {
    this.#options = options;
    mkdirSync(options.folder, { recursive: true, mode: 0o750 });
    this.dropOld();
  }

  /**
   * Flows go to the day of their last sight; edges to today's file whatever their minute, in one with the receipt:
   * written last, and all or nothing, so that what comes again after a crash was not counted yet.
   */
  write(flows: readonly Row[], edges: readonly Row[], receipt: Receipt | null): void {
    const today = dayOf(this.#options.now());
    const days = new Map<string, Row[]>();
    for (const row of flows) {
      const day = this.#dayWithin(Number(row[LAST_COLUMN]));
      const rows = days.get(day) ?? [];
      rows.push(row);
      days.set(day, rows);
    }
    const last = days.get(today) ?? [];
    days.delete(today);
    for (const [day, rows] of days) this.#write(day, rows, [], null);
    if (receipt || last.length || edges.length) this.#write(today, last, edges, receipt);
  }

  /** Up to where everything is on disk; null where nothing ever was. */
  receipt(): Receipt | null {
    for (const day of this.#days()) {
      const found = this.#with(day, (file) => file.receipt());
      if (found) return found;
    }
    return null;
  }

  /** Open flows whose id does not begin so will never be heard of again; in files of the last two days. */
  endOthers(prefix: string): void {
    for (const day of this.#days().slice(0, 2)) this.#with(day, (file) => file.endOthers(prefix));
  }

  /** Newest first; a flow that crossed midnight comes once, as it was last seen. */
  flows(filter: FlowFilter, position: FlowPosition | null, limit: number): FlowPageRows {
    const found = new Map<string, FoundFlow>();
    for (const day of this.#daysFrom(filter.since))
      for (const row of this.#with(day, (file) => file.flows(filter, position, limit + 1)) ?? [])
        if (!found.has(row.id)) found.set(row.id, row);
    const sorted = [...found.values()].sort((a, b) => b.first - a.first || (a.id < b.id ? 1 : -1));
    const rows = sorted.slice(0, limit);
    const last = rows.at(-1);
    return { rows, next: sorted.length > limit && last ? { first: last.first, id: last.id } : null };
  }

  /** What the edges of a window are made of, one list of rows per day. */
  window(since: number, until: number): WindowRows {
    const found: WindowRows = { sessions: [], totals: [] };
    const counted: string[] = [];
    const sinceMinute = since - (since % MINUTE_MS);
    for (const day of this.#daysFrom(since))
      this.#with(day, (file) => {
        found.sessions.push(...file.sessions(since, until, counted));
        found.totals.push(...file.totals(sinceMinute, until));
        counted.push(...file.carried(startOf(day), since));
      });
    return found;
  }

  /** Flows of a window by ends and service; every day has its own rows. */
  evidence(window: EvidenceWindow): AggregateRow[] {
    return this.#ofDays(window.since, (file, counted) => file.evidence(window, counted));
  }

  /** Beginnings of hours with traffic, ms since the epoch. */
  hours(since: number, until: number): number[] {
    const hours = this.#daysFrom(since).map(
      (day) => this.#with(day, (file) => file.hours(since, until)) ?? [],
    );
    return [...new Set(hours.flat())];
  }

  /** Violations of a window by edge and what decided; every day has its own rows. */
  violations(since: number, until: number, each: number): AggregateRow[] {
    return this.#ofDays(since, (file, counted) => file.violations(since, until, counted, each));
  }

  /** `counted`: flows that a later day has, too. */
  #ofDays(since: number, ask: (file: DayFile, counted: readonly string[]) => AggregateRow[]): AggregateRow[] {
    const counted: string[] = [];
    const rows: AggregateRow[] = [];
    for (const day of this.#daysFrom(since))
      this.#with(day, (file) => {
        rows.push(...ask(file, counted));
        counted.push(...file.carried(startOf(day), since));
      });
    return rows;
  }

  stats(): { rows: number; bytes: number } {
    let rows = 0;
    let bytes = 0;
    for (const day of this.#days()) {
      rows += this.#rows(day);
      for (const side of ALL_FILES) bytes += this.#size(fileOf(day) + side);
    }
    return { rows, bytes };
  }

  dropOld(): void {
    const kept = firstKept(this.#options.now(), this.#options.retentionDays);
    for (const day of this.#days().filter((each) => each < kept)) {
      this.#close(day);
      this.#counts.delete(day);
      for (const side of ALL_FILES) rmSync(join(this.#options.folder, fileOf(day) + side), { force: true });
    }
  }

  close(): void {
    for (const day of [...this.#open.keys()]) this.#close(day);
  }

  #write(day: string, flows: readonly Row[], edges: readonly Row[], receipt: Receipt | null): void {
    this.#with(day, (file) => file.write(flows, edges, receipt));
    const count = this.#counts.get(day);
    if (count) count.stale = true;
  }

  /** Counting reads an index from end to end: of a large day it is done again only now and then. */
  #rows(day: string): number {
    const now = this.#options.now();
    const known = this.#counts.get(day);
    const isLarge = known && known.rows >= COUNT_ROWS_QUICK;
    if (known && (!known.stale || (isLarge && now - known.at < COUNT_INTERVAL_MS))) return known.rows;
    const rows = this.#with(day, (file) => file.count()) ?? 0;
    this.#counts.set(day, { rows, at: now, stale: false });
    return rows;
  }

  /** Newest first. */
  #days(): string[] {
    const days = readdirSync(this.#options.folder).map(dayOfFile);
    return days
      .filter((day) => day !== null)
      .sort()
      .reverse();
  }

  #daysFrom(since: number | undefined): string[] {
    const first = since === undefined ? '' : dayOf(Math.max(0, since));
    return this.#days().filter((day) => day >= first);
  }

  /** A clock of the data plane that is far off must not make files that are never dropped. */
  #dayWithin(time: number): string {
    const today = dayOf(this.#options.now());
    const earliest = firstKept(this.#options.now(), this.#options.retentionDays);
    const day =
      Number.isFinite(time) && time >= 0 ? dayOf(Math.min(time, Number.MAX_SAFE_INTEGER / 2)) : today;
    return day > today || day < earliest ? today : day;
  }

  /** Runs `use` on the day's file; a broken file is set aside, and what was asked of it has no answer. */
  #with<T>(day: string, use: (file: DayFile) => T): T | undefined {
    try {
      return use(this.#fileOf(day));
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      if (!isBroken(reason)) throw thrown;
      this.#setAside(day, reason);
      return undefined;
    }
  }

  #fileOf(day: string): DayFile {
    const open = this.#open.get(day) ?? new DayFile(join(this.#options.folder, fileOf(day)), day);
    this.#open.delete(day);
    this.#open.set(day, open);
    const [oldest] = this.#open.keys();
    if (this.#open.size > OPEN_FILES_MAX && oldest !== undefined) this.#close(oldest);
    return open;
  }

  #close(day: string): void {
    try {
      this.#open.get(day)?.close();
    } finally {
      this.#open.delete(day);
    }
  }

  #setAside(day: string, reason: string): void {
    try {
      this.#close(day);
    } catch {
      // A broken file may refuse to close; it is renamed all the same.
    }
    this.#counts.delete(day);
    const { folder, now, onSetAside } = this.#options;
    onSetAside(setAside(folder, fileOf(day), now()), reason);
  }

  #size(name: string): number {
    return statSync(join(this.#options.folder, name), { throwIfNoEntry: false })?.size ?? 0;
  }
}
