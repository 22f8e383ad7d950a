// What every rule of the policy in force has decided, for how long it was watched, and when it decided last.
import type { PolicyRule, PolicyTables } from '../../../dp/contract/policy.ts';
import type { Receipt } from '../../../dp/contract/protocol.ts';
import type { Clock, Stop } from '../../base/clock.ts';
import { addBoth, type RuleCount, type RuleCounts, type RuleGain } from '../../base/rule-count.ts';
import { isBuiltIn } from '../document/words.ts';
import type { Rule } from '../sections/rules.ts';
import { meaningInTables, meaningOf } from './meaning.ts';

export interface RuleCountersOptions {
  clock: Clock;
  /** What is on disk, and up to which batch it counts. */
  load: () => Promise<RuleCounts & { receipt: Receipt | null }>;
  /** Goes to disk with the receipt of the newest batch. */
  save: (changed: readonly RuleCount[], gone: readonly string[], watched_ms: number) => void;
  /** Whether vmoat-dp is there and judges by these tables. */
  isWatched: (tables: PolicyTables) => boolean;
  /** How long rules are kept that are no longer there. */
  keep_ms: number;
}

const TICK_MS = 1000;
/** A longer step is time in which hostd slept, or a clock that was set. */
const STEP_MAX_MS = 10_000;
const SAVE_MS = 60_000;
const PURGE_MS = 3_600_000;
/** More than the document and what was learned may have; beyond it those go that are gone for longest. */
const RULES_MAX = 100_000;

export class RuleCounters {
  readonly #options: RuleCountersOptions;
  readonly #stop: Stop;
  readonly #rules = new Map<string, RuleCount>();
  /** Null until what is on disk was read. */
  #counted: Receipt | null = null;
  #tables: PolicyTables | null = null;
  #watched_ms = 0;
  #saved_ms = 0;
  #ticked: number;
  #wasWatched = false;

  constructor(options: RuleCountersOptions) {
    this.#options = options;
    this.#ticked = options.clock.now();
    const stops = [
      options.clock.every(TICK_MS, () => this.#tick()),
      options.clock.every(PURGE_MS, () => this.#purge()),
    ];
    this.#stop = () => stops.forEach((stop) => void stop());
  }

  stop(): void {
    this.#stop();
  }

  /** Reads what is on disk; before that nothing is counted. */
  async load(): Promise<void> {
    const { rules, watched_ms, receipt } = await this.#options.load();
    for (const rule of rules) this.#rules.set(rule.id, rule);
    this.#watched_ms = watched_ms;
    this.#saved_ms = watched_ms;
    this.#counted = receipt ?? { instance: '', batch: 0 };
    if (this.#tables) this.use(this.#tables);
  }

  /** The tables in force. */
  use(tables: PolicyTables): void {
    this.#tables = tables;
    if (!this.#counted) return;
    const changed: RuleCount[] = [];
    const present = new Set<string>();
    const hasSomebody = occupied(tables);
    for (const rule of tables.rules) {
      present.add(rule.id);
      const known = this.#rules.get(rule.id);
      const next = this.#inForce(rule.id, meaningInTables(rule, tables), hasSomebody(rule));
      if (next !== known) changed.push(next);
    }
    const now = this.#options.clock.now();
    for (const rule of this.#rules.values())
      if (rule.gone === null && !present.has(rule.id)) changed.push({ ...this.#paused(rule), gone: now });
    this.#put(changed);
    this.#purge();
  }

  /** What rules decided in this batch; one that came before is not counted again. */
  take({ instance, batch }: Receipt, gains: readonly RuleGain[]): void {
    const counted = this.#counted;
    if (!counted || (counted.instance === instance && batch <= counted.batch)) return;
    this.#counted = { instance, batch };
    const now = this.#options.clock.now();
    this.#put(gains.flatMap((gain) => this.#gained(gain, now)));
  }

  /** null: nothing is counted of it. */
  of(id: string): RuleCount | null {
    const rule = this.#rules.get(id);
    return rule ? this.#asOfNow(rule) : null;
  }

  /** Of a rule as it is written; null: nothing is counted of one that says this. */
  ofRule(rule: Rule): RuleCount | null {
    const count = this.of(rule.id);
    return count?.meaning === meaningOf(rule) ? count : null;
  }

  /** Ids of those in force that were watched for so long without deciding anything. */
  idle(least_ms: number): string[] {
    const since = ({ idle_ms, reading }: RuleCount): number =>
      reading === null ? idle_ms : idle_ms + this.#watched_ms - reading;
    const isIdle = (rule: RuleCount): boolean => rule.gone === null && since(rule) >= least_ms;
    return [...this.#rules.values()].filter(isIdle).map(({ id }) => id);
  }

  /** That they are unused was told. */
  told(ids: readonly string[]): void {
    this.#put(
      ids.flatMap((id) => {
        const rule = this.#rules.get(id);
        return rule ? [{ ...rule, told: true }] : [];
      }),
    );
  }

  #inForce(id: string, meaning: string, isExercised: boolean): RuleCount {
    const known = this.#rules.get(id);
    const rule = known?.meaning === meaning ? known : fresh(id, meaning, this.#options.clock.now());
    const wasExercised = rule.reading !== null;
    if (wasExercised === isExercised && rule.gone === null) return rule;
    // One that comes back is watched anew.
    const anew = rule.gone === null ? {} : { watched_ms: 0, idle_ms: 0, told: false };
    const reading = isExercised ? this.#watched_ms : null;
    return { ...this.#paused(rule), ...anew, gone: null, reading };
  }

  #paused(rule: RuleCount): RuleCount {
    return { ...this.#asOfNow(rule), reading: null };
  }

  #asOfNow(rule: RuleCount): RuleCount {
    if (rule.reading === null) return rule;
    const more_ms = this.#watched_ms - rule.reading;
    const { watched_ms, idle_ms } = rule;
    return {
      ...rule,
      watched_ms: watched_ms + more_ms,
      idle_ms: idle_ms + more_ms,
      reading: this.#watched_ms,
    };
  }

  #gained(gain: RuleGain, now: number): RuleCount[] {
    const rule = this.#rules.get(gain.rule);
    // What was decided before it said what it says now; after a clock was set back nobody can tell.
    if (!rule || (gain.last < rule.since && rule.since <= now)) return [];
    const last = Math.min(gain.last, now);
    return [
      {
        ...this.#asOfNow(rule),
        flows: rule.flows + gain.flows,
        packets: addBoth(rule.packets, gain.packets),
        bytes: addBoth(rule.bytes, gain.bytes),
        last: Math.max(rule.last ?? 0, last),
        idle_ms: 0,
        told: false,
      },
    ];
  }

  #tick(): void {
    const now = this.#options.clock.now();
    const step_ms = now - this.#ticked;
    const isWatched = this.#tables !== null && this.#options.isWatched(this.#tables);
    this.#ticked = now;
    if (isWatched && this.#wasWatched && step_ms > 0 && step_ms <= STEP_MAX_MS) this.#watched_ms += step_ms;
    this.#wasWatched = isWatched;
    if (this.#counted && this.#watched_ms - this.#saved_ms >= SAVE_MS) this.#save([], []);
  }

  #put(changed: readonly RuleCount[]): void {
    for (const rule of changed) this.#rules.set(rule.id, rule);
    if (changed.length > 0) this.#save(changed, []);
  }

  #save(changed: readonly RuleCount[], gone: readonly string[]): void {
    this.#saved_ms = this.#watched_ms;
    this.#options.save(changed, gone, this.#watched_ms);
  }

  /** Rules that are gone for too long, or too many of them, the longest gone first. */
  #purge(): void {
    const earliest = this.#options.clock.now() - this.#options.keep_ms;
    const away = [...this.#rules.values()]
      .filter(({ gone }) => gone !== null)
      .sort((a, b) => (a.gone ?? 0) - (b.gone ?? 0));
    const surplus = this.#rules.size - RULES_MAX;
    const ids = away
      .filter(({ gone }, index) => (gone ?? 0) < earliest || index < surplus)
      .map(({ id }) => id);
    for (const id of ids) this.#rules.delete(id);
    if (ids.length > 0) this.#save([], ids);
  }
}

const fresh = (id: string, meaning: string, now: number): RuleCount => ({
  id,
  meaning,
  since: now,
  flows: 0,
  packets: [0, 0],
  bytes: [0, 0],
  last: null,
  watched_ms: 0,
  idle_ms: 0,
  reading: null,
  gone: null,
  told: false,
});

/** Whether anybody is at both ends of a rule: one for a group of VMs of which none runs is not put to the test. */
function occupied({ groups, nics }: PolicyTables): (rule: PolicyRule) => boolean {
  const withNic = new Set(nics.flatMap((nic) => nic.groups));
  const isOccupied = (index: number): boolean => {
    const group = groups[index];
    if (!group || isBuiltIn(group.name)) return true;
    return group.addresses.length > 0 || group.fqdn.length > 0 || withNic.has(index);
  };
  return ({ from, to }) => isOccupied(from) && isOccupied(to);
}
