// The threats: groups that pass the filter, asked again when something happens; kinds; who may acknowledge.
import { signal } from '@preact/signals';
import type { Session, Threat, ThreatGroup, ThreatKind } from '../../hostd/api/schema.ts';
import { type Api, ApiError, type ThreatQuery } from '../feed/api.ts';

type Question = Omit<ThreatQuery, 'limit'>;
type Source = Pick<Api, 'threatGroups' | 'threatKinds' | 'session'>;
export type ThreatListState = { loading: boolean; error: ApiError | null };

export const groupsMax = 500;
/** However much happens, it is asked again at most this often. */
const renew_ms = 1000;

export class ThreatStore {
  readonly groups = signal<readonly ThreatGroup[]>([]);
  readonly state = signal<ThreatListState>({ loading: false, error: null });
  readonly kinds = signal<readonly ThreatKind[]>([]);
  readonly session = signal<Session | null>(null);
  /** The incident in the panel, to find its row. */
  readonly opened = signal<Threat | null>(null);
  /** Grows by one whenever incidents changed, at most once a second. */
  readonly changes = signal(0);
  readonly #api: Source;
  readonly #later: (run: () => void, ms: number) => void;
  #question: Question | null = null;
  #asking: AbortController | null = null;
  #waiting = false;

  constructor(api: Source, later: (run: () => void, ms: number) => void = (run, ms) => setTimeout(run, ms)) {
    this.#api = api;
    this.#later = later;
  }

  /** Asks with another filter; null: nobody looks at the list. */
  async show(question: Question | null): Promise<void> {
    this.#question = question;
    if (question) await this.#load();
    else this.#asking?.abort();
  }

  /** Something happened: the list and the panel are asked again in a moment. */
  hear(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    this.#later(() => {
      this.#waiting = false;
      this.changes.value++;
      void this.show(this.#question);
    }, renew_ms);
  }

  /** What stays the same while a connection stands. */
  async learn(): Promise<void> {
    const [kinds, session] = await Promise.allSettled([this.#api.threatKinds(), this.#api.session()]);
    if (kinds.status === 'fulfilled') this.kinds.value = kinds.value;
    this.session.value = session.status === 'fulfilled' ? session.value : null;
  }

  async #load(): Promise<void> {
    if (!this.#question) return;
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    this.state.value = { loading: true, error: null };
    try {
      const groups = await this.#api.threatGroups({ ...this.#question, limit: groupsMax }, asking.signal);
      if (asking.signal.aborted) return;
      this.groups.value = groups;
      this.state.value = { loading: false, error: null };
    } catch (error) {
      if (asking.signal.aborted) return;
      const known = error instanceof ApiError ? error : new ApiError(0, { message: String(error) }, error);
      this.groups.value = [];
      this.state.value = { loading: false, error: known };
    }
  }
}
