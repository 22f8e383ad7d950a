// Orders: what clients told vmoat-dp to judge by, kept on disk for when there is no client; and a policy on trial that
// nobody confirmed ends here, whoever else has died, as do rules whose time is over.
import { leftOf, type Moment, putOff } from '../client/deadline.ts';
import type { PolicyOrder, PolicyTables, Unconfirmed } from '../contract/policy.ts';
import type { Inventory, PolicyStatus, Segment, TablesStatus } from '../contract/protocol.ts';
import { inEffect, nextExpiry } from './expiry.ts';
import { type Kept, spokenOf } from './kept.ts';
import type { Log } from './log.ts';

/** hostd ends a trial and leaves out rules itself, and is not to be overtaken by us while it confirms one. */
export const GRACE_MS = 1_000;
const TICK_MS = 250;

export interface OrdersOptions {
  /** What an earlier run kept. */
  kept: Kept;
  /** Rejects where the disk does not take it. */
  write: (kept: Kept) => Promise<void>;
  /** Compiles tables; what becomes of them is heard. Throws where a field is of another kind. */
  compile: (tables: PolicyTables, kept: boolean) => void;
  /** Which policies are in force, or may be next: told before that, and when fewer are. */
  guard: (policies: readonly (PolicyTables | null)[]) => void;
  moment: () => Moment;
  log: Log;
}

/** An order on its way into force. */
interface Sent {
  /** Ours: clients count anew when they start. */
  generation: number;
  /** Without rules that had expired then. */
  at_ms: number;
  next: Pick<Kept, 'unconfirmed' | 'wentBack'> & { policy: PolicyTables };
}

export class Orders {
  readonly #options: OrdersOptions;
  #kept: Kept;
  #generation = 1;
  #sent: Sent[] = [];
  #segments: readonly Segment[] = [];
  /** Clients' generations by ours, of what was sent last. */
  #told = new Map<number, number>();
  #isKept: boolean;
  /** When a rule of what is in force falls out of effect, ms since the epoch. */
  #nextExpiry = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: OrdersOptions) {
    this.#options = options;
    this.#kept = options.kept;
    const { policy } = options.kept;
    if (policy) this.#told.set(this.#generation, policy.generation);
    this.#isKept = policy !== null;
    if (policy) this.#nextExpiry = nextExpiry(policy, options.moment().wall_ms);
    this.#guard();
  }

  /** What is in force at the start. */
  get first(): PolicyTables | null {
    const { policy } = this.#kept;
    return policy && inEffect({ ...policy, generation: this.#generation }, this.#options.moment().wall_ms);
  }

  start(): void {
    if (this.#kept.policy) this.#keep({});
    this.#timer = setInterval(() => this.tick(), TICK_MS);
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
  }

  /** A client's policy; one on a trial that has ended here already is answered by what came before it. */
  take({ unconfirmed, ...tables }: PolicyOrder): void {
    const { wentBack } = this.#kept;
    if (unconfirmed && unconfirmed.trial === wentBack?.trial)
      this.#send({ policy: unconfirmed.previous, unconfirmed: null, wentBack }, tables.generation);
    else this.#send({ policy: tables, unconfirmed: unconfirmed ?? null, wentBack: null }, tables.generation);
  }

  expect({ nics }: Inventory): void {
    if (JSON.stringify(nics) === JSON.stringify(this.#kept.nics)) return;
    this.#keep({ nics });
  }

  /** Segments have their numbers from us: what ends stand in must be found again. */
  meet(segments: readonly Segment[]): void {
    this.#segments = segments;
    if (this.#spokenOf(this.#kept).length > this.#kept.segments.length) this.#keep({});
  }

  /** The data plane's word on what was sent, as clients are to hear it. */
  heard(status: TablesStatus): PolicyStatus {
    const { generation, refused } = status;
    const now = this.#sent.find((sent) => sent.generation === generation);
    const done = Math.max(generation ?? 0, refused?.generation ?? 0);
    this.#sent = this.#sent.filter((sent) => sent.generation > done);
    if (now) {
      this.#keep(now.next);
      this.#nextExpiry = nextExpiry(now.next.policy, now.at_ms);
    }
    this.#guard();
    const told = (ours: number): number => this.#told.get(ours) ?? ours;
    const answer = {
      ...status,
      generation: generation === null ? null : told(generation),
      refused: refused && { ...refused, generation: told(refused.generation) },
      kept: this.#isKept,
      unconfirmed: this.#trial(),
      wentBack: this.#kept.wentBack,
    };
    for (const ours of this.#told.keys())
      if (ours < done && ours !== generation && ours !== refused?.generation) this.#told.delete(ours);
    return answer;
  }

  /** Ends a trial whose time is over, and rules. */
  tick(): void {
    if (this.#sent.length > 0) return;
    const { unconfirmed } = this.#kept;
    const now = this.#options.moment();
    if (unconfirmed && leftOf(putOff(unconfirmed.deadline, GRACE_MS), now) === 0)
      this.#goBack(unconfirmed, now);
    else if (now.wall_ms >= this.#nextExpiry + GRACE_MS) this.#expire();
  }

  #expire(): void {
    const { policy, unconfirmed, wentBack } = this.#kept;
    if (policy) this.#send({ policy, unconfirmed, wentBack }, policy.generation, true);
  }

  #goBack({ trial, previous }: Unconfirmed, now: Moment): void {
    this.#options.log('warn', 'nobody confirmed the policy: the one before it is in force again', { trial });
    const wentBack = { trial, at: new Date(now.wall_ms).toISOString() };
    const next = { policy: previous, unconfirmed: null, wentBack };
    this.#keep(next); // first: whatever happens now, the trial is over
    try {
      this.#send(next, previous.generation, true);
    } catch (cause) {
      this.#options.log('error', 'the policy before it is none', { reason: String(cause) });
    }
  }

  #send(next: Sent['next'], told: number, kept = false): void {
    const generation = this.#generation + 1;
    const { wall_ms } = this.#options.moment();
    this.#guard(next);
    this.#options.compile(inEffect({ ...next.policy, generation }, wall_ms), kept);
    this.#generation = generation;
    this.#told.set(generation, told);
    this.#sent.push({ generation, at_ms: wall_ms, next });
  }

  /** `coming` is about to be sent. */
  #guard(...coming: Sent['next'][]): void {
    const orders = [this.#kept, ...this.#sent.map(({ next }) => next), ...coming];
    this.#options.guard(orders.flatMap(({ policy, unconfirmed }) => [policy, unconfirmed?.previous ?? null]));
  }

  #trial(): PolicyStatus['unconfirmed'] {
    const { unconfirmed } = this.#kept;
    return unconfirmed && { trial: unconfirmed.trial, at: new Date(unconfirmed.deadline.at).toISOString() };
  }

  /** Those of the run before stay where they were not met yet. */
  #spokenOf({ policy, unconfirmed, segments }: Kept): Kept['segments'] {
    const fresh = new Set(this.#segments.map(({ segment }) => segment));
    const all = [...this.#segments, ...segments.filter(({ segment }) => !fresh.has(segment))];
    return spokenOf(all, [policy, unconfirmed?.previous ?? null]);
  }

  /** Until the disk has it, what is in force counts as not kept. */
  #keep(news: Partial<Kept>): void {
    const changed = { ...this.#kept, ...news };
    const kept = { ...changed, segments: this.#spokenOf(changed) };
    this.#kept = kept;
    this.#isKept = false;
    this.#options.write(kept).then(
      () => {
        if (this.#kept === kept) this.#isKept = kept.policy !== null;
      },
      (cause: unknown) => {
        const reason = cause instanceof Error ? cause.message : String(cause);
        this.#options.log('error', 'what was told is not kept over a restart', { reason });
      },
    );
  }
}
