// The rows of the flow table: pages asked of the API, with live flows joined in while following.
import { batch, signal } from '@preact/signals';
import type { Flow } from '../../hostd/api/schema.ts';
import { matches } from '../domain/flow-filter.ts';
import type { Filter } from '../domain/place.ts';
import { type Api, ApiError, type Span } from '../feed/api.ts';

export const rowsMax = 5000;
const pageSize = 200;

export type TableState = { loading: boolean; error: ApiError | null; more: boolean };

export class FlowTableStore {
  readonly rows = signal<readonly Flow[]>([]);
  readonly state = signal<TableState>({ loading: false, error: null, more: false });
  /** New flows that wait while following is off. */
  readonly waiting = signal(0);
  readonly #api: Pick<Api, 'flows'>;
  #held = new Map<string, Flow>();
  #filter: Filter | null = null;
  #span: Span | null = null;
  #cursor: string | null = null;
  #asking: AbortController | null = null;

  constructor(api: Pick<Api, 'flows'>) {
    this.#api = api;
  }

  /** Starts over with another filter or window (`span` null: live). */
  async show(filter: Filter, span: Span | null): Promise<void> {
    this.#filter = filter;
    this.#span = span;
    this.#cursor = null;
    this.#held.clear();
    this.waiting.value = 0;
    await this.#load([]);
  }

  async loadMore(): Promise<void> {
    const { loading, more } = this.state.value;
    if (!loading && more) await this.#load(this.rows.value);
  }

  async #load(before: readonly Flow[]): Promise<void> {
    if (!this.#filter) return;
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    this.state.value = { ...this.state.value, loading: true, error: null };
    const question = { filter: this.#filter, span: this.#span, cursor: this.#cursor, limit: pageSize };
    try {
      const page = await this.#api.flows(question, asking.signal);
      if (!asking.signal.aborted) this.#took(before, page.items, page.next);
    } catch (error) {
      if (asking.signal.aborted) return;
      const known = error instanceof ApiError ? error : new ApiError(0, { message: String(error) }, error);
      this.state.value = { loading: false, error: known, more: false };
    }
  }

  #took(before: readonly Flow[], items: readonly Flow[], next: string | null): void {
    const known = new Set(before.map((flow) => flow.id));
    const rows = [...before, ...items.filter((flow) => !known.has(flow.id))];
    this.#cursor = next;
    batch(() => {
      this.rows.value = rows.slice(0, rowsMax);
      this.state.value = { loading: false, error: null, more: next !== null && rows.length < rowsMax };
    });
  }

  /** Live flows: known ones are renewed in place, new ones go on top, or wait when not following. */
  hear(flows: readonly Flow[], follow: boolean): void {
    const filter = this.#filter;
    if (!filter || this.#span) return;
    const news = new Map(flows.filter((flow) => matches(flow, filter)).map((flow) => [flow.id, flow]));
    if (news.size === 0) return;
    const rows = this.rows.value.map((row) => {
      const renewed = news.get(row.id);
      if (renewed) news.delete(row.id);
      return renewed ?? row;
    });
    for (const [id, flow] of news) this.#held.set(id, flow);
    while (this.#held.size > rowsMax) this.#dropOldestHeld();
    this.rows.value = rows;
    if (follow) this.release();
    else this.waiting.value = this.#held.size;
  }

  #dropOldestHeld(): void {
    const oldest = this.#held.keys().next().value;
    if (oldest !== undefined) this.#held.delete(oldest);
  }

  /** Puts the flows that waited on top. */
  release(): void {
    if (this.#held.size === 0) return;
    const fresh = [...this.#held.values()].sort((a, b) => (a.first < b.first ? 1 : -1));
    this.#held.clear();
    this.waiting.value = 0;
    const rows = [...fresh, ...this.rows.value];
    this.rows.value = rows.slice(0, rowsMax);
    if (rows.length > rowsMax) this.state.value = { ...this.state.value, more: false };
  }
}
