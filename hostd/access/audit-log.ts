// The audit log: a line of JSON for each change, only ever added to, on disk before the change is answered.
import { createReadStream, mkdirSync, readdirSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { AuditEntry } from '../api/schema.ts';
import type { Clock } from '../base/clock.ts';
import { messageOf, VmoatError } from '../base/errors.ts';
import { orderedIds } from '../base/ordered-id.ts';

export type NewEntry = Omit<AuditEntry, 'id' | 'at'>;

export interface AuditFilter {
  /** ms since the epoch, both ends included */
  since?: number;
  until?: number;
  user?: string;
}

export interface AuditPage {
  entries: AuditEntry[];
  next: { first: number; id: string } | null;
}

/** Name of the file that an entry of this time (RFC 3339) stands in. */
export const auditFile = (at: string): string => `audit-${at.slice(0, 7)}.jsonl`;
const FILE = /^audit-(\d{4}-\d{2})\.jsonl$/;
/** Refusals a minute that get an entry: whoever may only ask must not fill the disk. */
const REFUSALS_MAX = 60;
const MINUTE_MS = 60_000;
const LINE_BREAK = 10;

export class AuditLog {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #nextId = orderedIds();
  #open: { name: string; file: FileHandle } | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  #refusals = { since: 0, count: 0 };
  #left = 0;

  constructor(folder: string, clock: Clock) {
    this.#folder = folder;
    this.#clock = clock;
    mkdirSync(folder, { recursive: true, mode: 0o750 });
  }

  /** Refusals that got no entry, since the start. */
  get lost(): Record<string, number> {
    return { auditRefusals: this.#left };
  }

  /** Resolves once it is on disk; rejects with `audit_failed`. */
  append(entry: NewEntry): Promise<void> {
    if (entry.result === 'refused' && !this.#mayRefuse()) return Promise.resolve();
    const written = this.#turn.then(() => this.#write(entry));
    this.#turn = written.catch(() => undefined);
    return written.catch((cause) => {
      throw new VmoatError('audit_failed', `the audit log cannot be written: ${messageOf(cause)}`, { cause });
    });
  }

  /** Newest first. */
  async find(filter: AuditFilter, position: { id: string } | null, limit: number): Promise<AuditPage> {
    const found: AuditEntry[] = [];
    for (const month of this.#months(filter)) {
      const entries = await this.#read(month);
      const passing = entries.filter(
        (entry) => passes(entry, filter) && (!position || entry.id < position.id),
      );
      found.push(...passing.reverse());
      if (found.length > limit) break;
    }
    const entries = found.slice(0, limit);
    const last = entries.at(-1);
    return {
      entries,
      next: found.length > limit && last ? { first: Date.parse(last.at), id: last.id } : null,
    };
  }

  async close(): Promise<void> {
    await this.#turn;
    await this.#open?.file.close();
    this.#open = null;
  }

  #mayRefuse(): boolean {
    const now = this.#clock.now();
    if (now - this.#refusals.since >= MINUTE_MS) this.#refusals = { since: now, count: 0 };
    if (this.#refusals.count++ < REFUSALS_MAX) return true;
    this.#left++;
    return false;
  }

  async #write(entry: NewEntry): Promise<void> {
    const now = this.#clock.now();
    const at = new Date(now).toISOString();
    const file = await this.#fileOf(auditFile(at));
    const line: AuditEntry = { id: this.#nextId(now), at, ...entry };
    await file.appendFile(`${JSON.stringify(line)}\n`);
    await file.datasync();
  }

  async #fileOf(name: string): Promise<FileHandle> {
    if (this.#open?.name === name) return this.#open.file;
    await this.#open?.file.close();
    this.#open = null;
    const file = await open(join(this.#folder, name), 'a+', 0o600);
    try {
      await endLine(file);
    } catch (cause) {
      await file.close();
      throw cause;
    }
    const folder = await open(this.#folder, 'r');
    await folder.sync().finally(() => folder.close());
    this.#open = { name, file };
    return file;
  }

  /** Newest first. */
  #months({ since, until }: AuditFilter): string[] {
    const month = (time: number | undefined): string | undefined =>
      time === undefined ? undefined : new Date(Math.max(0, time)).toISOString().slice(0, 7);
    const [first, last] = [month(since), month(until)];
    return readdirSync(this.#folder)
      .flatMap((name) => FILE.exec(name)?.[1] ?? [])
      .filter((each) => (first === undefined || each >= first) && (last === undefined || each <= last))
      .sort()
      .reverse();
  }

  /** Oldest first; a line that a power failure tore is left out. */
  async #read(month: string): Promise<AuditEntry[]> {
    const input = createReadStream(join(this.#folder, auditFile(month)), 'utf8');
    const found: AuditEntry[] = [];
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      const entry = AuditEntry.safeParse(parsed(line));
      if (entry.success) found.push(entry.data);
    }
    return found;
  }
}

/** What was torn stays alone on its line. */
async function endLine(file: FileHandle): Promise<void> {
  const { size } = await file.stat();
  if (size === 0) return;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  if (buffer[0] !== LINE_BREAK) await file.appendFile('\n');
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

const passes = ({ at, user }: AuditEntry, filter: AuditFilter): boolean =>
  (filter.since === undefined || Date.parse(at) >= filter.since) &&
  (filter.until === undefined || Date.parse(at) <= filter.until) &&
  (filter.user === undefined || user === filter.user);
