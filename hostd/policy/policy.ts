// The policy of this host: which version is live, who is in its groups, and the tables that follow from both.
import type { PolicyOrder, PolicyTables } from '../../dp/contract/policy.ts';
import type { Workload } from '../api/schema.ts';
import type { Stop } from '../base/clock.ts';
import { VmoatError } from '../base/errors.ts';
import type { Mode } from '../base/modes.ts';
import { nearest } from '../base/nearest.ts';
import type { GivenAddresses } from '../inventory/inventory.ts';
import type { ResolvedEnd } from '../inventory/resolved-ends.ts';
import type { Edit } from './document/edits.ts';
import type { ReadPolicy } from './document/parse.ts';
import type { PolicyDocument } from './document/schema.ts';
import { VM_PREFIX } from './document/words.ts';
import { type GroupView, groupViews } from './groups/group-view.ts';
import { factsOf, Membership, type Placed, type Unplaced } from './groups/membership.ts';
import { type Proposal, proposals } from './groups/proposals.ts';
import { type Isolated, isolate, release } from './isolation.ts';
import type { LiveKnowledge } from './lint/check.ts';
import { type LintAnswer, lint } from './lint/lint.ts';
import type { MemberFacts } from './match/matcher.ts';
import { isOfVms } from './sections/groups.ts';
import type { VersionInfo } from './store/state.ts';
import { type LearnedRule, policyTables } from './tables.ts';
import { type NewVersion, type PolicyNews, Versions, type VersionsOptions } from './versions.ts';

/** Who there is, as far as policy is concerned. */
export interface PolicyInventory {
  workloads(): Workload[];
  ends(): ResolvedEnd[];
  /** By id of the NIC. */
  givenAddresses(): ReadonlyMap<string, GivenAddresses>;
  /** Those that are surely no VM's; one that is neither waits for its policy. */
  foreignTaps(): { tap: string; mac: string }[];
}

export interface PolicyOptions extends VersionsOptions {
  hostName: string;
  /** Of the configuration; a document may say another one. */
  defaultMode: Mode;
}

/** A policy with whom its groups would have in them now. */
export interface Candidate {
  tables: PolicyTables;
  workloads: readonly Workload[];
  /** Where another VM would be. */
  place: (workload: Unplaced) => Placed;
}

const NOBODY: PolicyInventory = {
  workloads: () => [],
  ends: () => [],
  givenAddresses: () => new Map(),
  foreignTaps: () => [],
};
const SECOND_MS = 1000;

/** Whom the policy tells; none of them may throw. */
export interface PolicyListener {
  /** The newest tables, whenever they say something new, and what comes after them should nobody confirm them. */
  onTables: (order: PolicyOrder) => void;
  /** Modes and groups of VMs may have changed. */
  onPlaces: () => void;
  onNews: (news: PolicyNews) => void;
  /** Throws a VmoatError where the evaluator would not take the tables. */
  compile: (tables: PolicyTables, policy: ReadPolicy) => void;
}

export class Policy {
  readonly versions: Versions;
  readonly #options: PolicyOptions;
  readonly #membership: Membership;
  readonly #stop: Stop;
  readonly #early: PolicyNews[] = [];
  #inventory: PolicyInventory = NOBODY;
  #listener: PolicyListener | null = null;
  #tables: PolicyTables;
  #learned: readonly LearnedRule[] = [];
  /** How often that was changed. */
  #lessons = 0;
  /** What the tables were made from. */
  #madeFrom = '';
  #nextExpiry = Number.POSITIVE_INFINITY;

  private constructor(options: PolicyOptions, versions: Versions) {
    this.#options = options;
    this.versions = versions;
    this.#membership = new Membership(options.hostName, options.defaultMode);
    this.#membership.use(this.document);
    // vmoat-dp may still have tables of another hostd: theirs must not pass for ours.
    this.#tables = this.#build(options.clock.now());
    this.#stop = options.clock.every(SECOND_MS, () => this.#expire());
  }

  /** Rejects with `policy_store_broken`. */
  static async open(options: PolicyOptions): Promise<Policy> {
    const versions = await Versions.open(options);
    const policy = new Policy(options, versions);
    versions.listen({
      onLive: () => policy.#wentLive(),
      onNews: (news) => policy.#tell(news),
      check: (read) => policy.#check(read),
    });
    return policy;
  }

  /** From here on it knows who there is, and whom to tell. */
  attach(inventory: PolicyInventory, listener: PolicyListener): void {
    this.#inventory = inventory;
    this.#listener = listener;
    for (const news of this.#early.splice(0)) listener.onNews(news);
  }

  stop(): void {
    this.#stop();
    this.versions.stop();
  }

  get document(): ReadPolicy['document'] {
    return this.versions.live.policy.document;
  }

  get tables(): PolicyTables {
    return this.#tables;
  }

  /** null: the host bears no mode. */
  get hostMode(): Mode | null {
    return this.#membership.hostMode;
  }

  get defaultMode(): Mode {
    return this.#membership.defaultMode;
  }

  place(workload: Unplaced): Placed {
    return this.#membership.place(workload);
  }

  /** What is live, its learned section included. */
  get live(): Candidate {
    return {
      tables: this.#tables,
      workloads: this.#inventory.workloads(),
      place: (workload) => this.#membership.place(workload),
    };
  }

  /** The section behind all rules of the document. */
  get learned(): readonly LearnedRule[] {
    return this.#learned;
  }

  /** What another policy would be. */
  candidate(policy: ReadPolicy): Candidate {
    const membership = new Membership(this.#options.hostName, this.#options.defaultMode);
    membership.use(policy.document);
    const place = (workload: Unplaced): Placed => membership.place(workload);
    const workloads = this.#inventory.workloads().map((workload) => ({ ...workload, ...place(workload) }));
    const tables = this.#build(this.#tables.generation, { policy, workloads, membership });
    return { tables, workloads, place };
  }

  /** The section behind all rules of the document; their ids are none that a document can have. */
  async learn(rules: readonly LearnedRule[]): Promise<void> {
    await this.versions.numberRules(rules.map(({ id }) => id));
    this.#learned = rules;
    this.#lessons++;
    this.refresh();
  }

  /** What criteria may ask for of a VM. */
  facts(workload: Unplaced): MemberFacts {
    return factsOf(workload, this.#options.hostName);
  }

  /** VMs, tags or addresses have changed: the tables follow, with a new generation if they say something new. */
  refresh(): void {
    const now = this.#options.clock.now();
    const workloads = this.#inventory.workloads();
    const ends = this.#inventory.ends();
    this.#membership.forgetOthers(new Set(workloads.map(({ id }) => id)));
    this.#nextExpiry = nextExpiry(this.document, now);
    // Tables of a large policy are not made anew for what they do not speak of.
    const from = JSON.stringify([
      this.versions.live.version,
      this.versions.trial?.name,
      this.#lessons,
      this.#nextExpiry,
      workloads.map(spokenOf),
      [...this.#inventory.givenAddresses()],
      this.#inventory.foreignTaps(),
      ends,
    ]);
    if (from === this.#madeFrom) return;
    this.#madeFrom = from;
    this.#tables = this.#build(this.#tables.generation + 1);
    this.#listener?.onTables(this.#order());
  }

  #order(): PolicyOrder {
    const { trial } = this.versions;
    if (!trial) return this.#tables;
    const { name, deadline, previous } = trial;
    const before = this.candidate(previous.policy).tables;
    return { ...this.#tables, unconfirmed: { trial: name, deadline, previous: before } };
  }

  groups(): GroupView[] {
    return groupViews(this.document, this.#inventory.workloads(), this.defaultMode);
  }

  /** Throws `group_unknown` with the nearest ones. */
  group(name: string): GroupView {
    const groups = this.groups();
    const found = groups.find((group) => group.name === name);
    if (found) return found;
    throw unknownGroup(
      name,
      groups.map((group) => group.name),
    );
  }

  proposals(): Proposal[] {
    return proposals(this.#inventory.workloads(), this.document);
  }

  /** Writes a proposed group into the document, under another name if one is given. */
  accept(proposed: string, name: string, by: Pick<NewVersion, 'author' | 'reason'>): Promise<VersionInfo> {
    const found = this.proposals().find((each) => each.name === proposed);
    if (!found)
      throw unknownGroup(
        proposed,
        this.proposals().map((each) => each.name),
      );
    const item = { name, match: found.match };
    const reason = by.reason || `group ${name}`;
    return this.versions.edit(() => [appended(item)], { ...by, reason });
  }

  /** Sets the mode of a group of VMs, of `vm.NAME` or of the host, where it stands in the document. */
  setMode(name: string, mode: Mode, by: Pick<NewVersion, 'author' | 'reason'>): Promise<VersionInfo> {
    const edits = (document: PolicyDocument) => this.#modeEdits(document, name, mode);
    return this.versions.edit(edits, { ...by, reason: by.reason || `${name}: ${mode}` });
  }

  /** What setting the mode would make live. */
  async withMode(name: string, mode: Mode): Promise<ReadPolicy> {
    const text = await this.versions.edited(this.#modeEdits(this.document, name, mode));
    return this.versions.read(text, 'the policy');
  }

  /** Cuts a VM off, in front of all rules, until it is released; rejects with `name_taken`. */
  isolate(vm: Isolated, by: Pick<NewVersion, 'author' | 'reason'>): Promise<VersionInfo> {
    const reason = by.reason || `isolate ${vm.name}`;
    return this.versions.edit((document) => isolate(document, vm), { ...by, reason });
  }

  /** Takes that back; rejects with `not_found`. */
  release(vm: Isolated, by: Pick<NewVersion, 'author' | 'reason'>): Promise<VersionInfo> {
    const reason = by.reason || `release ${vm.name}`;
    return this.versions.edit((document) => release(document, vm), { ...by, reason });
  }

  lint(watch: LiveKnowledge['watch']): LintAnswer {
    return lint(this.versions.live.policy, this.#options.clock.now(), this.#knowledge(watch));
  }

  #modeEdits({ groups }: PolicyDocument, name: string, mode: Mode): Edit[] {
    const index = groups.findIndex((group) => group.name === name);
    const group = groups[index];
    if (group && !isOfVms(group)) throw modeless(name);
    if (group) return [{ verb: 'set', path: ['groups', index], key: 'mode', value: mode }];
    if (name !== 'host' && this.group(name).origin !== 'automatic') throw modeless(name);
    return [appended({ name, mode })];
  }

  #knowledge(watch: LiveKnowledge['watch']): LiveKnowledge {
    const groups = new Map(this.groups().map((group) => [group.name, group]));
    return {
      members: (name) => {
        const group = groups.get(name);
        if (group) return group.members?.length ?? null;
        return name.startsWith(VM_PREFIX) ? 0 : null;
      },
      watch,
    };
  }

  #wentLive(): void {
    this.#membership.use(this.document);
    this.refresh();
    this.#listener?.onPlaces();
  }

  #tell(news: PolicyNews): void {
    if (this.#listener) this.#listener.onNews(news);
    else this.#early.push(news);
  }

  #check(policy: ReadPolicy): void {
    this.#listener?.compile(this.candidate(policy).tables, policy);
  }

  #expire(): void {
    const named = new Set(this.#tables.nics.map(({ tap }) => tap));
    const isNew = this.#inventory.foreignTaps().some(({ tap }) => !named.has(tap));
    if (isNew || this.#options.clock.now() >= this.#nextExpiry) this.refresh();
  }

  #build(generation: number, other?: { policy: ReadPolicy; workloads: Workload[]; membership: Membership }) {
    const now = this.#options.clock.now();
    const { document } = other?.policy ?? this.versions.live.policy;
    const numbers = new Map(this.versions.ruleNumbers);
    // Rules of a policy that is only being checked have none yet.
    for (const { id } of document.rules) if (!numbers.has(id)) numbers.set(id, 2 ** 32 - 1 - numbers.size);
    return policyTables({
      generation,
      document,
      learned: this.#learned,
      ruleNumbers: numbers,
      workloads: other?.workloads ?? this.#inventory.workloads(),
      ends: this.#inventory.ends(),
      givenAddresses: this.#inventory.givenAddresses(),
      foreignTaps: this.#inventory.foreignTaps(),
      defaultMode: (other?.membership ?? this.#membership).defaultMode,
      now,
    });
  }
}

const appended = (group: object): Edit => ({ verb: 'append', section: 'groups', items: [group] });

/** When the next rule falls out of effect, ms; infinity if none does. */
const nextExpiry = ({ rules }: ReadPolicy['document'], now: number): number =>
  rules.reduce((next, { expires }) => {
    const expiry = expires === undefined ? next : Date.parse(expires);
    return expiry > now ? Math.min(next, expiry) : next;
  }, Number.POSITIVE_INFINITY);

/** What the tables say of a VM. */
const spokenOf = ({ id, name, groups, modeFrom, nics }: Workload) => [
  ...[id, name, groups, modeFrom],
  nics.map(({ tap, mac, id: nic }) => [tap, mac, nic]),
];

const modeless = (name: string): VmoatError =>
  new VmoatError('bad_request', `\`${name}\` bears no mode: it is no group of VMs`, { field: 'id' });

function unknownGroup(name: string, names: readonly string[]): VmoatError {
  const near = nearest(name, names);
  const hint = near.length ? `did you mean ${near.join(', ')}?` : '`vmoat group list` lists them';
  return new VmoatError('group_unknown', `there is no group ${JSON.stringify(name)}`, { field: 'id', hint });
}
