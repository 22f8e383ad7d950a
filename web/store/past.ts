// The graph of a past window, asked of the API, and asked again while its window slides with the clock.
import { signal } from '@preact/signals';
import type { Graph } from '../../hostd/api/schema.ts';
import { type Api, ApiError, type Span } from '../feed/api.ts';

export class PastStore {
  readonly graph = signal<Graph | null>(null);
  readonly error = signal<ApiError | null>(null);
  readonly loading = signal(false);
  readonly #api: Pick<Api, 'graph'>;
  #asking: AbortController | null = null;

  constructor(api: Pick<Api, 'graph'>) {
    this.#api = api;
  }

  /** `keep` leaves the old graph standing until the new one is there: for renewing the same window. */
  async show(span: Span | null, keep = false): Promise<void> {
    this.#asking?.abort();
    if (!keep) this.graph.value = null;
    this.error.value = null;
    this.loading.value = span !== null;
    if (!span) return;
    const asking = new AbortController();
    this.#asking = asking;
    try {
      const graph = await this.#api.graph(span, asking.signal);
      if (!asking.signal.aborted) this.graph.value = graph;
    } catch (error) {
      if (asking.signal.aborted) return;
      this.error.value =
        error instanceof ApiError ? error : new ApiError(0, { message: String(error) }, error);
    }
    this.loading.value = false;
  }
}
