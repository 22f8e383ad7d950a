// Names that DNS gave addresses, as the guests of this host were told: in memory, until their time is over.
import type { NameRecord } from '../../dp/client/index.ts';
import type { LearnedName } from '../api/schema.ts';
import type { Clock } from '../base/clock.ts';
import { fitsGlob } from './glob.ts';

export interface NameFilter {
  /** A pattern as fitsGlob has it, in lower case. */
  pattern?: string;
  address?: string;
  /** Tap of the NIC that asked. */
  nic?: string;
  /** UUID of its VM. */
  workload?: string;
}

/** A NIC by its slot, as far as it is known. */
export interface AskingNic {
  tap: string;
  workload: string | null;
  workloadName: string;
}

export interface NamesOptions {
  clock: Clock;
  /** Off: nothing is kept. */
  keep: boolean;
  nicAt: (slot: number) => AskingNic | undefined;
  segmentName: (segment: number) => string;
  /** For tests. */
  max?: number;
}

/** Where a page ends: it is stable while names come and go. */
export interface NamePosition {
  first: number;
  id: string;
}

interface Entry {
  record: NameRecord;
  firstMs: number;
  /** Counts up: two may be learned in one millisecond. */
  number: number;
}

/** As many as vmoat-dp holds; it says which are gone before their time. */
const NAMES_MAX = 65_536;
const INDEX_MS = 5000;

export class Names {
  readonly #options: NamesOptions;
  readonly #max: number;
  /** The one that was told longest ago stands first. */
  readonly #entries = new Map<string, Entry>();
  #byAddress: { at_ms: number; names: ReadonlyMap<string, readonly string[]> } = {
    at_ms: Number.NEGATIVE_INFINITY,
    names: new Map(),
  };
  #instance = '';
  #count = 0;
  #dropped = 0;

  constructor(options: NamesOptions) {
    this.#options = options;
    this.#max = options.max ?? NAMES_MAX;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Names that found no room, since the start. */
  get lost(): Record<string, number> {
    return { namesKept: this.#dropped };
  }

  /** Another instance of vmoat-dp begins to learn anew, and its slots may be other NICs'. */
  connected(instance: string): void {
    if (instance !== this.#instance) this.#entries.clear();
    this.#instance = instance;
  }

  take(records: readonly NameRecord[]): void {
    if (!this.#options.keep) return;
    for (const record of records) this.#takeOne(record);
  }

  /** Those whose time is not over, newest first by when they were learned. */
  find(
    filter: NameFilter,
    position: NamePosition | null,
    limit: number,
  ): { names: LearnedName[]; next: NamePosition | null } {
    const now = this.#options.clock.now();
    const passing = [...this.#entries.values()]
      .filter(
        (entry) => entry.record.untilMs > now && isBehind(entry, position) && this.#passes(entry, filter),
      )
      .sort((a, b) => b.firstMs - a.firstMs || b.number - a.number);
    const page = passing.slice(0, limit);
    const last = page.at(-1);
    const more = passing.length > limit && last;
    return {
      names: page.map((entry) => this.#view(entry)),
      next: more ? { first: last.firstMs, id: String(last.number) } : null,
    };
  }

  /** Those of an address in any segment, as of the last few seconds. */
  of(address: string): readonly string[] {
    const now = this.#options.clock.now();
    if (now - this.#byAddress.at_ms >= INDEX_MS) this.#byAddress = { at_ms: now, names: this.#indexed(now) };
    return this.#byAddress.names.get(address) ?? [];
  }

  #indexed(now: number): Map<string, string[]> {
    const found = new Map<string, string[]>();
    for (const { record } of this.#entries.values())
      if (record.untilMs > now)
        found.set(record.address, [...(found.get(record.address) ?? []), record.name]);
    return found;
  }

  expire(): void {
    const now = this.#options.clock.now();
    for (const [key, { record }] of this.#entries) if (record.untilMs <= now) this.#entries.delete(key);
  }

  #takeOne(record: NameRecord): void {
    const key = [record.segment, record.slot, record.address, record.name].join(' ');
    const known = this.#entries.get(key);
    this.#entries.delete(key);
    if (record.gone) return;
    const { firstMs, number } = known ?? { firstMs: record.seenMs, number: ++this.#count };
    this.#entries.set(key, { record, firstMs, number });
    if (this.#entries.size <= this.#max) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      this.#dropped++;
      return;
    }
  }

  #passes({ record }: Entry, { pattern, address, nic, workload }: NameFilter): boolean {
    if (address !== undefined && record.address !== address) return false;
    if (pattern !== undefined && !fitsGlob(pattern, record.name)) return false;
    if (nic === undefined && workload === undefined) return true;
    const asking = this.#options.nicAt(record.slot);
    return (
      (nic === undefined || asking?.tap === nic) && (workload === undefined || asking?.workload === workload)
    );
  }

  #view({ record, firstMs }: Entry): LearnedName {
    const nic = this.#options.nicAt(record.slot);
    const time = (ms: number): string => new Date(Math.round(ms)).toISOString();
    return {
      name: record.name,
      address: record.address,
      nic: nic?.tap ?? null,
      workload: nic?.workload ?? null,
      workloadName: nic?.workloadName ?? null,
      segment: this.#options.segmentName(record.segment),
      server: record.server,
      ttl: record.ttl,
      first: time(firstMs),
      seen: time(record.seenMs),
      until: time(record.untilMs),
    };
  }
}

function isBehind({ firstMs, number }: Entry, position: NamePosition | null): boolean {
  if (position === null) return true;
  return firstMs < position.first || (firstMs === position.first && number < Number(position.id));
}
