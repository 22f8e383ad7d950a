// The policy's versions: one is live, none is lost. Applied, confirmed, rolled back; one change after the other.
import { isDeepStrictEqual } from 'node:util';
import { type Deadline, deadlineIn, type Moment } from '../../dp/client/index.ts';
import type { Clock, Stop } from '../base/clock.ts';
import { VmoatError } from '../base/errors.ts';
import { requireBase, withoutBase } from './base-version.ts';
import { type Edit, type EditText, edited } from './document/edits.ts';
import { withoutFormerNames } from './document/former-names.ts';
import { type ReadPolicy, readPolicy } from './document/parse.ts';
import type { Read } from './document/reader.ts';
import { EMPTY_TEXT, type PolicyDocument } from './document/schema.ts';
import { deadlineOf, isOver, refusePending, requirePending, trialName } from './pending.ts';
import { addVersion, numberRules, takeBack } from './store/changes.ts';
import { hashOf } from './store/file-store.ts';
import type { Pending, PolicyState, VersionInfo } from './store/state.ts';
import type { PolicyStore } from './store/store.ts';

export interface LivePolicy {
  /** null: nobody has applied any yet */
  version: number | null;
  text: string;
  policy: ReadPolicy;
}

export interface NewVersion {
  text: string;
  author: string;
  reason: string;
  /** The file it comes from; null: none. */
  source: string | null;
  /** Rolls back by itself after so long unless confirmed; null: stays. */
  confirmWithin_ms: number | null;
  /** The version it was made from, 0 for none; undefined: to be found out. */
  base?: number | undefined;
}

interface WantedVersion extends Omit<NewVersion, 'base'> {
  /** As what is live if not given. */
  forgets?: readonly number[];
  /** It is one of them itself. */
  forgetsNow?: boolean;
}

export type PolicyNews =
  | { kind: 'applied'; info: VersionInfo; confirmBy: number | null }
  | { kind: 'confirmed'; info: VersionInfo; by: string }
  | { kind: 'unconfirmed' | 'withdrawn'; info: VersionInfo; live: number | null };

/** A version that waits to be confirmed, as vmoat-dp is told of it. */
export interface Trial {
  /** no other one has the same */
  name: string;
  deadline: Deadline;
  /** What was live before. */
  previous: LivePolicy;
}

export interface VersionsOptions {
  store: PolicyStore;
  clock: Clock;
  /** At once where it is not given. */
  read?: Read;
  /** Likewise. */
  edit?: EditText;
  moment: () => Moment;
}

export interface VersionsListener {
  /** Something else is live; must not throw. */
  onLive: () => void;
  onNews: (news: PolicyNews) => void;
  /** Throws a VmoatError where the policy cannot go live, though it is well written. */
  check: (policy: ReadPolicy) => void;
}

const TICK_MS = 250;
/** What was forgotten before that is forgotten for good. */
export const FORGETS_MAX = 50;

export class Versions {
  readonly #options: VersionsOptions;
  readonly #stop: Stop;
  readonly #early: PolicyNews[] = [];
  #listener: VersionsListener | null = null;
  #live: LivePolicy;
  /** What was live before a version that waits to be confirmed. */
  #before: LivePolicy | null;
  #turn: Promise<unknown> = Promise.resolve();
  /** Ids of rules by number, as of when it was asked for last. */
  #ids: ReadonlyMap<number, string> = new Map();

  private constructor(options: VersionsOptions, live: LivePolicy, before: LivePolicy | null) {
    this.#options = options;
    this.#live = live;
    this.#before = before;
    this.#stop = options.clock.every(TICK_MS, () => void this.#expire());
  }

  /** What was live before, or what came before that where its time ran out meanwhile. */
  static async open(options: VersionsOptions): Promise<Versions> {
    const { live, pending } = options.store.state;
    const before = pending && (await storedPolicy(options, pending.previous));
    const versions = new Versions(options, await storedPolicy(options, live), before);
    await versions.#expire();
    return versions;
  }

  /** Tells what has happened already, too. */
  listen(listener: VersionsListener): void {
    this.#listener = listener;
    for (const news of this.#early.splice(0)) listener.onNews(news);
  }

  stop(): void {
    this.#stop();
  }

  /** A text as a policy; rejects with every mistake. Large ones keep nobody else waiting. */
  read(text: string, file: string): Promise<ReadPolicy> {
    return (this.#options.read ?? readNow)(text, file);
  }

  /** A version as it was read. */
  async document(version: number): Promise<ReadPolicy['document']> {
    if (version === this.#live.version) return this.#live.policy.document;
    const wanted = version === 0 ? null : this.info(version).version;
    return (await storedPolicy(this.#options, wanted)).policy.document;
  }

  get live(): LivePolicy {
    return this.#live;
  }

  /** Versions whose forgetting holds in what is live. */
  get forgets(): readonly number[] {
    const { version } = this.#live;
    return version === null ? [] : this.info(version).forgets;
  }

  get pending(): Pending | null {
    return this.#state.pending;
  }

  get trial(): Trial | null {
    const { pending } = this.#state;
    const previous = this.#before;
    return pending && previous && { name: trialName(pending), deadline: deadlineOf(pending), previous };
  }

  /** The oldest first. */
  get list(): readonly VersionInfo[] {
    return this.#state.versions;
  }

  get #state(): Readonly<PolicyState> {
    return this.#options.store.state;
  }

  /** Throws `policy_version_unknown`. */
  info(version: number): VersionInfo {
    const found = this.#state.versions.find((each) => each.version === version);
    if (found) return found;
    throw new VmoatError('policy_version_unknown', `there is no version ${version}`, {
      field: 'version',
      hint: '`vmoat policy log` lists them',
    });
  }

  async text(version: number): Promise<string> {
    return this.#options.store.text(this.info(version).version);
  }

  /** Number of each rule that was ever applied. */
  get ruleNumbers(): ReadonlyMap<string, number> {
    return new Map(this.#state.ruleNumbers.ids);
  }

  /** null: no rule ever had this number. */
  ruleId(number: number): string | null {
    const { ids } = this.#state.ruleNumbers;
    if (this.#ids.size !== ids.length) this.#ids = new Map(ids.map(([id, of]) => [of, id]));
    return this.#ids.get(number) ?? null;
  }

  /** Gives rules that stand in no document numbers of their own; resolves when they are on disk. */
  numberRules(ids: readonly string[]): Promise<void> {
    return this.#next(async () => {
      const known = this.ruleNumbers;
      if (ids.every((id) => known.has(id))) return;
      await this.#options.store.change((state) => {
        numberRules(state, ids);
        return { answer: null };
      });
    });
  }

  /** Goes live. The same text as what is live makes no version. */
  apply(wanted: NewVersion): Promise<VersionInfo> {
    return this.#next(async () => {
      const policy = await this.read(wanted.text, wanted.source ?? 'the policy');
      refusePending(this.#state.pending, this.#options.moment());
      await requireBase(wanted, this);
      const text = withoutBase(wanted.text);
      return this.#become({ ...wanted, text }, text === wanted.text ? policy : null);
    });
  }

  /** The text of what is live, edited; large ones keep nobody else waiting. */
  edited(edits: readonly Edit[]): Promise<string> {
    return (this.#options.edit ?? editNow)(this.#live.text, edits);
  }

  /** An edit of what is live; `forgets`: and whoever asks for it then forgets something learned with it. */
  edit(
    edits: (document: PolicyDocument) => readonly Edit[],
    by: Pick<NewVersion, 'author' | 'reason'>,
    forgets = false,
  ): Promise<VersionInfo> {
    return this.#next(async () => {
      refusePending(this.#state.pending, this.#options.moment());
      const text = await this.edited(edits(this.#live.policy.document));
      const forgetsNow = forgets && text !== this.#live.text;
      return this.#become({ ...by, text, source: null, confirmWithin_ms: null, forgetsNow });
    });
  }

  /** A version that says the same, with which something learned is forgotten. */
  forget(by: Pick<NewVersion, 'author' | 'reason'>): Promise<VersionInfo> {
    return this.#next(async () => {
      refusePending(this.#state.pending, this.#options.moment());
      const { version, text, policy } = this.#live;
      const source = version === null ? null : this.info(version).source;
      return this.#become({ ...by, text, source, confirmWithin_ms: null, forgetsNow: true }, policy);
    });
  }

  confirm(by: string): Promise<VersionInfo> {
    return this.#next(async () => {
      const pending = requirePending(this.#state.pending);
      await this.#options.store.change((state) => {
        state.pending = null;
        return { answer: null };
      });
      this.#before = null;
      this.#listener?.onLive();
      const info = this.info(pending.version);
      this.#tell({ kind: 'confirmed', info, by });
      return info;
    });
  }

  /** Withdraws what waits to be confirmed; answers what is live then. */
  withdraw(): Promise<number | null> {
    return this.#next(async () => {
      requirePending(this.#state.pending);
      return this.#back('withdrawn');
    });
  }

  /** vmoat-dp ended this trial by itself, while we were away or did not look; another one stays as it is. */
  async ended(trial: string): Promise<void> {
    const isIt = (pending: Pending | null): boolean => pending !== null && trialName(pending) === trial;
    if (!isIt(this.#state.pending)) return;
    await this.#next(async () => {
      if (isIt(this.#state.pending)) await this.#back('unconfirmed');
    });
  }

  /** A new version with the text of an old one. */
  rollback(
    version: number,
    by: Pick<NewVersion, 'author' | 'reason' | 'confirmWithin_ms'>,
  ): Promise<VersionInfo> {
    return this.#next(async () => {
      refusePending(this.#state.pending, this.#options.moment());
      const { text, policy } = await storedPolicy(this.#options, this.info(version).version);
      const reason = by.reason || `back to version ${version}`;
      const { forgets } = this.info(version);
      return this.#become({ ...by, text, source: null, reason, forgets }, policy);
    });
  }

  #next<T>(job: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(job);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  /** `read`: the text as it was read already; to read a large one takes a second. */
  async #become(wanted: WantedVersion, read: ReadPolicy | null = null): Promise<VersionInfo> {
    const { version } = this.#live;
    if (version !== null && this.#saysTheSame(wanted)) return this.info(version);
    const name = `version ${this.#state.next}`;
    const policy = read ? { ...read, places: read.places.named(name) } : await this.read(wanted.text, name);
    this.#listener?.check(policy);
    const info = this.#infoOf(wanted, policy);
    const { confirmWithin_ms } = wanted;
    const now = { ...this.#options.moment(), wall_ms: info.at };
    const deadline = confirmWithin_ms === null ? null : deadlineIn(confirmWithin_ms, now);
    const before = this.#live;
    await this.#options.store.change((state) => {
      addVersion(state, info, deadline);
      numberRules(
        state,
        policy.document.rules.map(({ id }) => id),
      );
      return { answer: null, text: { version: info.version, text: wanted.text } };
    });
    this.#before = deadline && before;
    this.#goLive({ version: info.version, text: wanted.text, policy });
    this.#tell({ kind: 'applied', info, confirmBy: deadline?.at ?? null });
    return info;
  }

  #saysTheSame({ text, forgets = this.forgets, forgetsNow }: WantedVersion): boolean {
    return text === this.#live.text && !forgetsNow && isDeepStrictEqual(forgets, this.forgets);
  }

  #infoOf(
    { text, author, reason, source, forgets = this.forgets, forgetsNow }: WantedVersion,
    { document }: ReadPolicy,
  ): VersionInfo {
    const version = this.#state.next;
    return {
      version,
      at: this.#options.clock.now(),
      author,
      reason,
      base: this.#live.version,
      source,
      sha256: hashOf(text),
      bytes: Buffer.byteLength(text),
      rules: document.rules.length,
      groups: document.groups.length,
      fate: 'kept',
      forgets: (forgetsNow ? [...forgets, version] : [...forgets]).slice(-FORGETS_MAX),
    };
  }

  #goLive(live: LivePolicy): void {
    this.#live = live;
    this.#listener?.onLive();
  }

  #tell(news: PolicyNews): void {
    if (this.#listener) this.#listener.onNews(news);
    else this.#early.push(news);
  }

  async #expire(): Promise<void> {
    const runsOut = (): boolean => {
      const { pending } = this.#state;
      return pending !== null && isOver(pending, this.#options.moment());
    };
    if (!runsOut()) return;
    await this.#next(async () => {
      if (runsOut()) await this.#back('unconfirmed');
    });
  }

  async #back(fate: 'unconfirmed' | 'withdrawn'): Promise<number | null> {
    const { version, previous } = requirePending(this.#state.pending);
    const live = await storedPolicy(this.#options, previous);
    await this.#options.store.change((state) => {
      takeBack(state, fate);
      return { answer: null };
    });
    this.#before = null;
    this.#goLive(live);
    this.#tell({ kind: fate, info: this.info(version), live: previous });
    return previous;
  }
}

/** As it was applied, but for names that are no longer free. */
async function storedPolicy(
  { store, read = readNow }: VersionsOptions,
  version: number | null,
): Promise<LivePolicy> {
  const text = version === null ? EMPTY_TEXT : await store.text(version);
  const name = version === null ? 'no policy' : `version ${version}`;
  try {
    return { version, text, policy: await read(text, name) };
  } catch (error) {
    const renamed = withoutFormerNames(text);
    if (renamed === text) throw error;
    return { version, text: renamed, policy: await read(renamed, name) };
  }
}

const editNow: EditText = async (text, edits) => edited(text, edits);
const readNow: Read = async (text, file) => readPolicy(text, file);
