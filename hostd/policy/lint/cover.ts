// Which rule leaves another one nothing to decide. Two ends are compared by the names of their groups: who is a member
// may change, so only `any` is wider than another group. Rules are found by their ends and ports, so that lint stays
// quick for tens of thousands.
import { coversPorts, meetPorts, type PortRange } from '../ports.ts';
import type { LintRule } from './linted.ts';

/** Pairs compared before lint gives up: about a second. A document of people has thousands. */
const PAIRS_MAX = 10_000_000;

export class Cover {
  readonly #rules: readonly LintRule[];
  /** In order, by their ends and each of their ports. */
  readonly #byTraffic = new Map<string, LintRule[]>();
  readonly #byMeaning = new Map<string, LintRule>();
  readonly #meanings = new Map<LintRule, string>();
  #pairs = 0;

  constructor(rules: readonly LintRule[]) {
    this.#rules = rules;
    for (const rule of rules) {
      for (const key of ownKeys(rule)) {
        const bucket = this.#byTraffic.get(key);
        if (bucket) bucket.push(rule);
        else this.#byTraffic.set(key, [rule]);
      }
      const meaning = meaningOf(rule);
      this.#meanings.set(rule, meaning);
      if (!this.#byMeaning.has(meaning)) this.#byMeaning.set(meaning, rule);
    }
  }

  /** Whether everything was compared. */
  get complete(): boolean {
    return this.#pairs <= PAIRS_MAX;
  }

  /** The first earlier rule for exactly the same traffic. */
  twin(rule: LintRule): LintRule | null {
    const first = this.#byMeaning.get(this.#meanings.get(rule) ?? '');
    return first && first.index < rule.index ? first : null;
  }

  /** The first earlier rule that decides all that this one could, but is no twin. */
  earlier(rule: LintRule): LintRule | null {
    if (this.twin(rule)) return null;
    return this.#first(rule, (other) => other.index < rule.index);
  }

  /** A later rule that would decide all of this one's traffic alike, were this one not there. */
  later(rule: LintRule): LintRule | null {
    const { action } = rule.rule;
    return this.#first(
      rule,
      (other) => other.index > rule.index && other.rule.action === action && !this.#opposed(rule, other),
    );
  }

  /** Whether a rule of the other action between the two may decide traffic of `rule`; true where nobody can say. */
  between(rule: LintRule, first: LintRule, last: LintRule): boolean {
    const end = this.#after(last) - 1;
    for (let at = this.#after(first); at < end; at++) {
      const other = this.#rules[at];
      if (++this.#pairs > PAIRS_MAX) return true;
      if (other && other.rule.action !== rule.rule.action && meet(other, rule)) return true;
    }
    return false;
  }

  #opposed(rule: LintRule, last: LintRule): boolean {
    return this.#meanings.get(rule) === this.#meanings.get(last) || this.between(rule, rule, last);
  }

  #first(rule: LintRule, may: (other: LintRule) => boolean): LintRule | null {
    let first: LintRule | null = null;
    for (const key of widerKeys(rule))
      for (const other of this.#byTraffic.get(key) ?? []) {
        if (first && other.index > first.index) break;
        if (++this.#pairs > PAIRS_MAX) return first;
        if (other !== rule && covers(other, rule) && may(other)) first = other;
      }
    return first;
  }

  /** Position behind a rule among those in effect. */
  #after(rule: LintRule): number {
    let [low, high] = [0, this.#rules.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#rules[middle]?.index ?? 0) <= rule.index) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const meet = (a: LintRule, b: LintRule): boolean =>
  meetPorts(a.ports, b.ports) && meetApplications(applicationsOf(a), applicationsOf(b));

const keyOf = (from: string, to: string, ports: string): string => `${from}\n${to}\n${ports}`;

/** A single port can only cover itself; wider ranges stand together. */
const portKey = ({ proto, low, high }: PortRange): string => (low === high ? `${proto}/${low}` : '*');

const ownKeys = ({ from, to, ports }: LintRule): Set<string> =>
  new Set(ports.map((range) => keyOf(from, to, portKey(range))));

/** Where a rule that covers this one, hence its first ports, must stand. */
function widerKeys({ from, to, ports }: LintRule): Set<string> {
  const ends = [
    ['any', 'any'],
    ['any', to],
    [from, 'any'],
    [from, to],
  ] as const;
  const first = ports[0] ? ['*', portKey(ports[0])] : ['*'];
  return new Set(ends.flatMap(([one, other]) => first.map((key) => keyOf(one, other, key))));
}

export const applicationsOf = ({ rule }: LintRule): readonly string[] => rule.applications ?? [];

/** The traffic that a rule speaks of, whatever the order of its lists. */
const meaningOf = (rule: LintRule): string =>
  JSON.stringify([
    rule.from,
    rule.to,
    [...applicationsOf(rule)].sort(),
    rule.ports.map(({ proto, low, high }) => `${proto}/${low}-${high}`).sort(),
  ]);

/** A guess satisfies no allow rule with applications, but it matches a deny rule: that one has its use behind it. */
function covers(wide: LintRule, narrow: LintRule): boolean {
  const wideApplications = applicationsOf(wide);
  const guessed = wide.rule.action === 'allow' && narrow.rule.action === 'deny';
  if (guessed && wideApplications.length > 0) return false;
  return (
    coversApplications(wideApplications, applicationsOf(narrow)) && coversPorts(wide.ports, narrow.ports)
  );
}

const begins = (layers: string, prefix: string): boolean =>
  layers === prefix || layers.startsWith(`${prefix}/`);

const coversApplications = (wide: readonly string[], narrow: readonly string[]): boolean =>
  wide.length === 0 ||
  (narrow.length > 0 && narrow.every((layers) => wide.some((prefix) => begins(layers, prefix))));

const meetApplications = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === 0 ||
  b.length === 0 ||
  a.some((one) => b.some((other) => begins(one, other) || begins(other, one)));
