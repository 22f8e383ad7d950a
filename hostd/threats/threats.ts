// The incidents of the days that are kept: bounded, renewed by what vmoat-dp tells, acknowledged by people.
import type { ThreatRecord } from '../../dp/client/index.ts';
import type { ThreatInfo } from '../../dp/contract/protocol.ts';
import type { Acknowledgement, Severity, Threat, ThreatGroup } from '../api/schema.ts';
import { BatchQueue } from '../base/batch-queue.ts';
import type { Clock } from '../base/clock.ts';
import { groupKey, groupsOf } from './groups.ts';
import {
  better,
  endsOf,
  incidentOf,
  type NameThreatEnds,
  renamed,
  sameNames,
  type ThreatEnds,
} from './incident.ts';
import { rankOf } from './severity.ts';
import { type GroupOfEnd, passes, type ThreatFilter } from './threat-filter.ts';

export interface ThreatsOptions {
  clock: Clock;
  /** How long an incident is kept after it was last seen. */
  keep_ms: number;
  /** Incidents held; beyond that acknowledged ones go first, then the least severe and oldest. */
  max?: number;
  nameEnds: NameThreatEnds;
  groupOf: GroupOfEnd;
  /** New and changed incidents, at least one; must not throw. */
  onThreats: (threats: Threat[]) => void;
  onNew: (threat: Threat) => void;
  /** They are no longer kept. */
  onForgotten: (ids: string[]) => void;
  /** Puts it on disk; rejects where that fails. */
  keepAcknowledgement: (ids: string[], acknowledged: Acknowledgement | null) => Promise<void>;
}

/** Where a page of incidents ended. */
export interface ThreatPosition {
  first: number;
  id: string;
}

export interface ThreatPage {
  threats: Threat[];
  next: ThreatPosition | null;
}

export interface ThreatTotal {
  name: string;
  severity: Severity;
  count: number;
}

interface Entry {
  threat: Threat;
  /** Null: read from disk, and named for good. */
  ends: ThreatEnds | null;
}

const INCIDENTS_MAX = 20_000;
/** Incidents that were silent for longer keep the names they have. */
const RENAME_MS = 600_000;
const RENAMED_AT_ONCE = 500;
/** How much room is made at once. */
const ROOM_SHARE = 0.05;

export class Threats {
  readonly #options: ThreatsOptions;
  readonly #renaming: BatchQueue<Entry>;
  readonly #entries = new Map<string, Entry>();
  readonly #totals = new Map<string, ThreatTotal>();
  #kinds: readonly ThreatInfo[] = [];
  #dropped = 0;

  constructor(options: ThreatsOptions) {
    this.#options = options;
    // One pass may run and one wait: what a third would find, the waiting one finds.
    this.#renaming = new BatchQueue<Entry>({
      recordsMax: 2 * this.#max,
      slice: RENAMED_AT_ONCE,
      work: (entries) => this.#renameSlice(entries),
      defer: setImmediate,
    });
  }

  get #max(): number {
    return this.#options.max ?? INCIDENTS_MAX;
  }

  /** What vmoat-dp knows; of the last one while there is none. */
  get kinds(): readonly ThreatInfo[] {
    return this.#kinds;
  }

  /** Incidents that had to make room, since the start. */
  get lost(): Record<string, number> {
    return { incidents: this.#dropped };
  }

  /** New incidents since the start. */
  get totals(): Iterable<ThreatTotal> {
    return this.#totals.values();
  }

  /** By severity, those that nobody has acknowledged. */
  get open(): Record<Severity, number> {
    const counts = { low: 0, medium: 0, high: 0, critical: 0 };
    for (const { severity } of this.openIncidents()) counts[severity]++;
    return counts;
  }

  *openIncidents(): Generator<Threat> {
    for (const { threat } of this.#entries.values()) if (threat.acknowledged === null) yield threat;
  }

  /** What is on disk; to be called before the first `take`. */
  load(threats: readonly Threat[]): void {
    for (const threat of threats) this.#entries.set(threat.id, { threat, ends: null });
    this.expire();
  }

  learnKinds(kinds: readonly ThreatInfo[]): void {
    this.#kinds = kinds;
  }

  /** Records are whole and may come again: what is known already changes nothing. */
  take(records: readonly ThreatRecord[], instance: string): void {
    const changed = records.flatMap((record) => this.#takeRecord(record, instance));
    if (changed.length) this.#options.onThreats(changed);
    this.#makeRoom();
  }

  /** Asks again who the ends of late incidents are: names come later than the first packets. */
  rename(): void {
    const since = new Date(this.#options.clock.now() - RENAME_MS).toISOString();
    const late = [...this.#entries.values()].filter(({ threat }) => threat.last >= since);
    this.#renaming.push(late, late.length);
  }

  #renameSlice(slice: Entry[]): void {
    const changed: Threat[] = [];
    for (const entry of slice) {
      if (!entry.ends || this.#entries.get(entry.threat.id) !== entry) continue;
      const named = better(entry.threat, this.#options.nameEnds(entry.ends));
      if (sameNames(named, entry.threat)) continue;
      entry.threat = renamed(entry.threat, named);
      changed.push(entry.threat);
    }
    if (changed.length) this.#options.onThreats(changed);
  }

  expire(): void {
    const { clock, keep_ms } = this.#options;
    const oldest = new Date(clock.now() - keep_ms).toISOString();
    const ids = [...this.#entries.values()].filter(({ threat }) => threat.last < oldest);
    this.#forget(ids.map(({ threat }) => threat.id));
  }

  threat(id: string): Threat | null {
    return this.#entries.get(id)?.threat ?? null;
  }

  /** Newest first by when they began. */
  find(filter: ThreatFilter, position: ThreatPosition | null, limit: number): ThreatPage {
    const placed = this.#passing(filter)
      .map((threat) => ({ threat, first: Date.parse(threat.first) }))
      .sort((a, b) => b.first - a.first || (a.threat.id < b.threat.id ? 1 : -1));
    const rest = position
      ? placed.filter(
          ({ first, threat }) =>
            first < position.first || (first === position.first && threat.id < position.id),
        )
      : placed;
    const page = rest.slice(0, limit);
    const last = page.at(-1);
    return {
      threats: page.map(({ threat }) => threat),
      next: rest.length > limit && last ? { first: last.first, id: last.threat.id } : null,
    };
  }

  groups(filter: ThreatFilter): ThreatGroup[] {
    return groupsOf(this.#passing(filter));
  }

  /**
   * Acknowledges, or with null takes it back; `alike`: all incidents of the same threat and source. Resolves with
   * the incident, null where there is none, once it is on disk.
   */
  async acknowledge(
    id: string,
    acknowledged: Acknowledgement | null,
    alike: boolean,
  ): Promise<Threat | null> {
    const threat = this.threat(id);
    if (!threat) return null;
    const ids = alike ? this.#alike(threat, acknowledged !== null) : [id];
    await this.#options.keepAcknowledgement(ids, acknowledged);
    const changed = ids.flatMap((each) => {
      const entry = this.#entries.get(each);
      if (!entry) return [];
      entry.threat = { ...entry.threat, acknowledged };
      return [entry.threat];
    });
    if (changed.length) this.#options.onThreats(changed);
    return this.threat(id);
  }

  /** The incident itself, and of those like it the ones that would change. */
  #alike(threat: Threat, acknowledge: boolean): string[] {
    const key = groupKey(threat);
    return [...this.#entries.values()]
      .map((entry) => entry.threat)
      .filter((one) => groupKey(one) === key && (one.id === threat.id || !one.acknowledged === acknowledge))
      .map(({ id }) => id);
  }

  #passing(filter: ThreatFilter): Threat[] {
    const { groupOf } = this.#options;
    return [...this.#entries.values()]
      .map(({ threat }) => threat)
      .filter((threat) => passes(threat, filter, groupOf));
  }

  #takeRecord(record: ThreatRecord, instance: string): Threat[] {
    const ends = endsOf(record);
    const fresh = incidentOf(record, this.#kinds, instance, this.#options.nameEnds(ends));
    const known = this.#entries.get(fresh.id)?.threat;
    if (known && known.count >= fresh.count) {
      this.#entries.set(known.id, { threat: known, ends });
      return [];
    }
    const threat = known ? grown(known, fresh) : fresh;
    this.#entries.set(threat.id, { threat, ends });
    if (!known) this.#countNew(threat);
    return [threat];
  }

  #countNew(threat: Threat): void {
    const { name, severity } = threat;
    const total = this.#totals.get(name) ?? { name, severity, count: 0 };
    total.count++;
    this.#totals.set(name, total);
    this.#options.onNew(threat);
  }

  #makeRoom(): void {
    const max = this.#max;
    if (this.#entries.size <= max) return;
    const going = [...this.#entries.values()]
      .map(({ threat }) => threat)
      .sort(leastWanted)
      .slice(0, this.#entries.size - max + Math.floor(max * ROOM_SHARE));
    this.#dropped += going.length;
    this.#forget(going.map(({ id }) => id));
  }

  #forget(ids: string[]): void {
    for (const id of ids) this.#entries.delete(id);
    if (ids.length) this.#options.onForgotten(ids);
  }
}

/** What the newest record says, with what is known better from before. */
const grown = (known: Threat, fresh: Threat): Threat => ({
  ...renamed(fresh, better(known, fresh)),
  first: known.first,
  acknowledged: known.acknowledged,
});

const leastWanted = (a: Threat, b: Threat): number =>
  Number(a.acknowledged === null) - Number(b.acknowledged === null) ||
  rankOf(a.severity) - rankOf(b.severity) ||
  (a.last < b.last ? -1 : 1);
