// Unlearning: rules that decided nothing for so long that they are proposed for removal, told once, taken in one step.
import type { Clock, Stop } from '../../base/clock.ts';
import { VmoatError } from '../../base/errors.ts';
import { unifiedDiff } from '../../base/text-diff.ts';
import type { Edit } from '../document/edits.ts';
import type { PolicyDocument } from '../document/schema.ts';
import type { Learner } from '../learn/learner.ts';
import type { Policy } from '../policy.ts';
import { isForgetting, type VersionInfo } from '../store/state.ts';
import type { NewVersion } from '../versions.ts';
import type { RuleCounters } from './rule-counters.ts';
import { countedRules } from './rule-list.ts';
import type { CountedRule } from './shapes.ts';

export interface UnusedOptions {
  clock: Clock;
  policy: Policy;
  counters: RuleCounters;
  learner: Pick<Learner, 'forgetRules'>;
  /** `policy.unusedDays` */
  after_ms: number;
  /** Says that these are proposed from now on. */
  onProposed: (ids: readonly string[], after_ms: number) => void;
}

export interface Removed {
  /** null: what was chosen is gone or used by now. */
  version: VersionInfo | null;
  removed: string[];
  forgotten: string[];
}

const INTERVAL_MS = 10_000;
const NAMED_MAX = 5;

export class Unused {
  readonly #options: UnusedOptions;
  readonly #stop: Stop;

  constructor(options: UnusedOptions) {
    this.#options = options;
    this.#stop = options.clock.every(INTERVAL_MS, () => this.look());
  }

  stop(): void {
    this.#stop();
  }

  get after_ms(): number {
    return this.#options.after_ms;
  }

  /** Tells of those that were not told of yet. */
  look(): void {
    const { counters, after_ms, onProposed } = this.#options;
    const fresh = this.#unused(after_ms).filter((id) => counters.of(id)?.told === false);
    if (fresh.length === 0) return;
    counters.told(fresh);
    onProposed(fresh, after_ms);
  }

  /** Rules that allow and decided nothing while they were watched for so long. A deny that nothing meets does its job. */
  list(after_ms = this.after_ms): CountedRule[] {
    const { policy, counters, clock } = this.#options;
    const unused = new Set(this.#unused(after_ms));
    return countedRules(policy, counters, clock.now()).filter(({ id }) => unused.has(id));
  }

  /** What removing them changes in the document, as `diff -u` writes it. */
  async diff(rules: readonly CountedRule[]): Promise<string> {
    const { versions } = this.#options.policy;
    const { version, text, policy } = versions.live;
    const left = await versions.edited(without(policy.document, new Set(rules.map(({ id }) => id))));
    return unifiedDiff(text, left, [`version ${version ?? 0}`, 'without them']);
  }

  /** Takes these, or all, out of the document and forgets those that were learned; rejects with `not_found`. */
  async remove(
    ids: readonly string[] | null,
    after_ms: number,
    by: Pick<NewVersion, 'author' | 'reason'>,
  ): Promise<Removed> {
    const { policy, learner } = this.#options;
    const chosen = chosenOf(this.list(after_ms), ids && [...new Set(ids)]);
    const written = chosen.filter(isWritten).map(({ id }) => id);
    const forgotten = chosen.filter((rule) => !isWritten(rule)).map(({ id }) => id);
    let removed: string[] = [];
    const edits = (document: PolicyDocument): Edit[] => {
      // What was changed or used meanwhile stays.
      const still = new Set(this.#unused(after_ms));
      removed = written.filter((id) => still.has(id));
      return without(document, new Set(removed));
    };
    const reason = by.reason || reasonOf([...written, ...forgotten], after_ms);
    const forgets = forgotten.length > 0;
    const said = { author: by.author, reason };
    const edited = written.length > 0 ? await policy.versions.edit(edits, said, forgets) : null;
    if (!forgets) return { version: edited, removed, forgotten };
    const version = edited && isForgetting(edited) ? edited : await policy.versions.forget(said);
    await learner.forgetRules(forgotten, version.version);
    return { version, removed, forgotten };
  }

  /** In the order of the policy. */
  #unused(after_ms: number): string[] {
    const { policy, counters } = this.#options;
    const idle = new Set(counters.idle(after_ms));
    const allowing = [...policy.document.rules.filter(({ action }) => action === 'allow'), ...policy.learned];
    return allowing.map(({ id }) => id).filter((id) => idle.has(id));
  }
}

/** What was learned has no line. */
const isWritten = ({ line }: CountedRule): boolean => line !== null;

function chosenOf(proposed: readonly CountedRule[], ids: readonly string[] | null): readonly CountedRule[] {
  const hint = '`vmoat policy unused` lists those that are';
  if (ids === null && proposed.length > 0) return proposed;
  if (ids === null) throw new VmoatError('not_found', 'no rule is proposed for removal', { hint });
  return ids.map((id) => {
    const found = proposed.find((rule) => rule.id === id);
    if (found) return found;
    throw new VmoatError('not_found', `rule ${JSON.stringify(id)} is not proposed for removal`, { hint });
  });
}

function without({ rules }: PolicyDocument, ids: ReadonlySet<string>): Edit[] {
  const indices = rules.flatMap(({ id }, index) => (ids.has(id) ? [index] : []));
  return [{ verb: 'remove', section: 'rules', indices }];
}

/** `a, b and 3 more` */
function named(ids: readonly string[]): string {
  const more = ids.length - NAMED_MAX;
  return `${ids.slice(0, NAMED_MAX).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

const DAY_MS = 86_400_000;
/** 30 days, 1 day, 12 h */
const spanText = (ms: number): string => {
  const days = Math.floor(ms / DAY_MS);
  if (days < 1) return `${Math.round(ms / 3_600_000)} h`;
  return days === 1 ? '1 day' : `${days} days`;
};

const reasonOf = (ids: readonly string[], after_ms: number): string =>
  `unused for ${spanText(after_ms)}: ${named(ids)}`;

/** As the event says it. */
export const unusedText = (ids: readonly string[], after_ms: number): string =>
  `${ids.length === 1 ? 'a rule' : `${ids.length} rules`} decided nothing in ${spanText(after_ms)} of watching: ${named(ids)}; \`vmoat policy unused\` proposes to remove ${ids.length === 1 ? 'it' : 'them'}`;
