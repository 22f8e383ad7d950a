// Promotes groups by the clock, as their `promote` says: told an hour before, done, and told again.
import type { Clock, Stop } from '../base/clock.ts';
import type { Evidence } from '../base/evidence.ts';
import type { Log } from '../base/log.ts';
import type { Mode } from '../base/modes.ts';
import { durationMs } from './document/words.ts';
import type { Policy } from './policy.ts';
import { type Promotion, type PromotionFacts, promotionOf } from './promotion.ts';
import type { Group } from './sections/groups.ts';

export interface PromotionsOptions {
  clock: Clock;
  log: Log;
  policy: Policy;
  /** What was seen in a window, ms since the epoch. */
  evidence: (since: number, until: number) => Promise<Evidence[]>;
  hours: (since: number, until: number) => Promise<number[]>;
  /** What was learned, with when it was first seen. */
  learned: () => readonly Evidence[];
  /** Ends of violations since then, by id, with when each was last seen, ms since the epoch. */
  violations: (since: number) => Promise<ReadonlyMap<string, number>>;
  /** Says that a group will be promoted, and when. */
  onDue: (group: string, promotion: Promotion) => void;
}

const INTERVAL_MS = 60_000;
/** How long before it is told, at least; a tenth of a short wait. */
const NOTICE_MS = 3_600_000;
const AUTHOR = 'vmoat';
/** Versions that are looked through for when a group got its mode. */
const VERSIONS_MAX = 100;

type Promoted = Group & { mode: Mode; promote: NonNullable<Group['promote']> };

export class Promotions {
  readonly #options: PromotionsOptions;
  readonly #stop: Stop;
  /** When each group was told that it is due. */
  readonly #told = new Map<string, number>();
  #running: Promise<void> | null = null;

  constructor(options: PromotionsOptions) {
    this.#options = options;
    this.#stop = options.clock.every(INTERVAL_MS, () => void this.look());
  }

  stop(): void {
    this.#stop();
  }

  /** Looks at every group that may be promoted; one look at a time. */
  look(): Promise<void> {
    this.#running ??= this.#look()
      .catch((error) => this.#options.log.error({ error: String(error) }, 'no group could be promoted'))
      .finally(() => {
        this.#running = null;
      });
    return this.#running;
  }

  async #look(): Promise<void> {
    const groups = this.#options.policy.document.groups.filter(
      (group): group is Promoted => group.promote !== undefined && group.mode !== undefined,
    );
    for (const group of groups) await this.#consider(group);
  }

  async #consider(group: Promoted): Promise<void> {
    const wait_ms = waitOf(group);
    if (wait_ms === null) return;
    const promotion = promotionOf(group.promote, await this.#facts(group, wait_ms));
    if (!promotion || promotion.missing.length > 0) return void this.#told.delete(group.name);
    await this.#advance(group, promotion, Math.min(NOTICE_MS, wait_ms / 10));
  }

  async #advance({ name }: Promoted, promotion: Promotion, notice_ms: number): Promise<void> {
    const now = this.#options.clock.now();
    const told = this.#told.get(name);
    if (now < promotion.at - notice_ms) return void this.#told.delete(name);
    if (told === undefined) {
      this.#told.set(name, now);
      const at = Math.max(promotion.at, now + notice_ms);
      return this.#options.onDue(name, { ...promotion, at });
    }
    if (now < promotion.at || now < told + notice_ms) return;
    this.#told.delete(name);
    const reason = `${name}: ${promotion.to}, as its \`promote\` says`;
    await this.#options.policy.setMode(name, promotion.to, { author: AUTHOR, reason });
  }

  async #facts({ name, mode }: Promoted, wait_ms: number): Promise<PromotionFacts> {
    const { clock, policy, evidence, hours, learned, violations } = this.#options;
    const now = clock.now();
    const members = new Set((policy.group(name).members ?? []).map(({ id }) => id));
    const isOf = ({ from, to }: Evidence): boolean => members.has(from.id) || members.has(to.id);
    const seen = (await evidence(now - wait_ms, now))
      .filter(isOf)
      .flatMap(({ from, to }) => [from.id, to.id]);
    const violated = [...(await violations(now - wait_ms))].filter(([id]) => members.has(id));
    return {
      mode,
      since: await this.#since(name, mode),
      learned: latest(
        learned()
          .filter(isOf)
          .map(({ first }) => first),
      ),
      violated: latest(violated.map(([, last]) => last)),
      members: members.size,
      membersSeen: new Set(seen.filter((id) => members.has(id))).size,
      hours: await hours(now - wait_ms, now),
      now,
    };
  }

  /** When the group got the mode that it has. */
  async #since(name: string, mode: Mode): Promise<number> {
    const { versions } = this.#options.policy;
    const kept = versions.list.filter(({ fate }) => fate === 'kept').slice(-VERSIONS_MAX);
    let since = kept.at(-1)?.at ?? 0;
    for (const { version, at } of kept.reverse()) {
      const document = await versions.document(version);
      if (document.groups.find((group) => group.name === name)?.mode !== mode) break;
      since = at;
    }
    return since;
  }
}

/** How long the group has to be quiet in its mode, ms; null: it goes no further. */
function waitOf({ mode, promote }: Promoted): number | null {
  const after =
    mode === 'learn' ? promote.monitorAfter : mode === 'monitor' ? promote.protectAfter : undefined;
  return after === undefined ? null : durationMs(after);
}

const latest = (times: readonly number[]): number | null =>
  times.length ? times.reduce((a, b) => Math.max(a, b)) : null;
