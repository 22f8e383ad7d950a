// Learns from what groups in learn do: looks at the flows that began since it looked last, and keeps what is new.
import type { Clock, Stop } from '../../base/clock.ts';
import { type Evidence, evidenceKey, joinedEvidence } from '../../base/evidence.ts';
import type { Log } from '../../base/log.ts';
import { type MemberOf, type Unlearned, whyNot } from './member.ts';
import { type LearnedRule, recommend } from './recommend.ts';

export interface LearnerOptions {
  clock: Clock;
  log: Log;
  /** Flows that began in this window, ms since the epoch. */
  begun: (since: number, until: number) => Promise<Evidence[]>;
  /** Who ends are, as of now. */
  members: () => MemberOf;
  /** Whether a rule of the document lets it pass already. */
  isRuled: (evidence: readonly Evidence[]) => boolean[];
  load: () => Promise<{ evidence: [string, Evidence][]; until: number | null }>;
  /** Resolves when it is on disk. */
  save: (changed: [string, Evidence][], until: number) => Promise<void>;
  /** Versions of the policy whose forgetting holds. */
  forgets: () => readonly number[];
  /** These are forgotten with that version; resolves when that is on disk. */
  forget: (version: number, keys: string[]) => Promise<void>;
  /** What these versions forgot is forgotten, what others did comes back; resolves to whether anything changed. */
  follow: (versions: number[]) => Promise<boolean>;
  /** Puts these rules into effect, in place of those before. */
  use: (rules: readonly LearnedRule[]) => Promise<void>;
}

const INTERVAL_MS = 5000;
/** What is not recognised after so long will not be. */
const SETTLED_MS = 10_000;
/** No id that a document can have. */
const LEARNED_PREFIX = 'learned:';
/** Services of pairs of ends; beyond that nothing more is learned, and that is counted. */
const LEARNED_MAX = 20_000;

export class Learner {
  readonly #options: LearnerOptions;
  readonly #learned = new Map<string, Evidence>();
  readonly #stop: Stop;
  #until = 0;
  #turn: Promise<void>;
  /** What was learned before is in effect, or could not be read. */
  readonly loaded: Promise<void>;
  #rules: readonly LearnedRule[] = [];
  /** Keys of what each rule was made from. */
  #madeFrom: ReadonlyMap<string, readonly string[]> = new Map();
  /** The rules do not say yet what was learned. */
  #isStale = false;
  /** Flows that nothing was learned from since the start, by reason. */
  readonly left: Partial<Record<Unlearned, number>> = {};
  /** Services for which there was no room. */
  dropped = 0;

  constructor(options: LearnerOptions) {
    this.#options = options;
    this.#turn = this.#load();
    this.loaded = this.#turn.catch(() => undefined);
    this.#stop = options.clock.every(INTERVAL_MS, () => void this.look());
  }

  stop(): void {
    this.#stop();
  }

  /** What was learned; first, last and count of each service. */
  get evidence(): Evidence[] {
    return [...this.#learned.values()];
  }

  /** The learned section of the policy as it is in effect: many ports as ranges, all else as it was seen. */
  get rules(): readonly LearnedRule[] {
    return this.#rules;
  }

  /** Looks at what began since; resolves when it is on disk, or was logged as failed and stays to be looked at. */
  look(): Promise<void> {
    this.#turn = this.#turn
      .then(() => this.#look())
      .catch((error) => this.#options.log.error({ error: String(error) }, 'nothing could be learned'));
    return this.#turn;
  }

  /** Forgets what `isMeant`, as long as that version's forgetting holds; resolves when that is on disk. */
  forget(isMeant: (evidence: Evidence) => boolean, version: number): Promise<void> {
    const done = this.#turn.then(async () => {
      const gone = [...this.#learned].filter(([, evidence]) => isMeant(evidence)).map(([key]) => key);
      await this.#options.forget(version, gone);
      for (const key of gone) this.#learned.delete(key);
      if (gone.length) await this.#use();
    });
    this.#turn = done.catch(() => undefined);
    return done;
  }

  /** Likewise what these rules were made from. */
  forgetRules(ids: readonly string[], version: number): Promise<void> {
    const keys = new Set(ids.flatMap((id) => this.#madeFrom.get(id) ?? []));
    return this.forget((evidence) => keys.has(evidenceKey(evidence)), version);
  }

  async #load(): Promise<void> {
    await this.#options.follow([...this.#options.forgets()]);
    await this.#read();
    if (this.#learned.size) await this.#use();
  }

  async #read(): Promise<void> {
    const { evidence, until } = await this.#options.load();
    this.#until = until ?? this.#options.clock.now();
    this.#learned.clear();
    for (const [key, each] of evidence) this.#learned.set(key, each);
  }

  async #look(): Promise<void> {
    if (await this.#options.follow([...this.#options.forgets()])) {
      await this.#read();
      await this.#use();
    }
    const until = this.#options.clock.now() - SETTLED_MS;
    if (until <= this.#until) return;
    const seen = await this.#options.begun(this.#until, until);
    const fresh = this.#worthKeeping(seen);
    const isNew = fresh.some(([key]) => !this.#learned.has(key));
    const joined = fresh.map(([key, each]): [string, Evidence] => {
      const before = this.#learned.get(key);
      return [key, before ? joinedEvidence(before, each) : each];
    });
    await this.#options.save(joined, until);
    for (const [key, each] of joined) this.#learned.set(key, each);
    this.#until = until;
    if (isNew || this.#isStale) await this.#use();
  }

  #worthKeeping(seen: readonly Evidence[]): [string, Evidence][] {
    const { members, isRuled } = this.#options;
    const memberOf = members();
    const ruled = isRuled(seen);
    const kept: [string, Evidence][] = [];
    let room = LEARNED_MAX - this.#learned.size;
    seen.forEach((each, index) => {
      const reason = whyNot(each, memberOf);
      const key = evidenceKey(each);
      if (reason !== null) this.left[reason] = (this.left[reason] ?? 0) + each.flows;
      else if (this.#learned.has(key)) kept.push([key, each]);
      else if (ruled[index]) return;
      else if (room-- > 0) kept.push([key, each]);
      else this.dropped++;
    });
    return kept;
  }

  async #use(): Promise<void> {
    this.#isStale = true;
    const { members, use } = this.#options;
    const memberOf = members();
    const asLearned: MemberOf = (end) => ({ ...memberOf(end), learns: true });
    const { rules, madeFrom } = recommend(this.evidence, asLearned, 1);
    const idOf = (id: string): string => `${LEARNED_PREFIX}${id}`;
    const named = rules.map((rule) => ({ ...rule, id: idOf(rule.id) }));
    await use(named);
    this.#rules = named;
    this.#madeFrom = new Map([...madeFrom].map(([id, seen]) => [idOf(id), seen.map(evidenceKey)]));
    this.#isStale = false;
  }
}
