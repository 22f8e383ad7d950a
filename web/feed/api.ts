// Asks hostd's REST API, turning what it says into typed answers or one kind of error.
import type { Flow, Graph, Problem, Status, Workload } from '../../hostd/api/schema.ts';
import type { Filter } from '../domain/place.ts';

export type FlowPage = { items: Flow[]; next: string | null };
export type Span = { since: string; until: string };

/** What the API refused, or why it could not be asked; `status` is 0 when no answer came. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly hint: string;

  constructor(status: number, problem: Partial<Problem>, cause?: unknown) {
    super(problem.message ?? `The server answered ${status}.`, { cause });
    this.name = 'ApiError';
    this.status = status;
    this.code = problem.code ?? '';
    this.hint = problem.hint ?? '';
  }
}

export type Fetch = typeof fetch;

async function problemOf(answer: Response): Promise<Partial<Problem>> {
  try {
    const body: unknown = await answer.json();
    return typeof body === 'object' && body !== null ? (body as Partial<Problem>) : {};
  } catch {
    return {};
  }
}

async function ask(fetcher: Fetch, path: string, init: RequestInit = {}): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetcher(`/api/v1${path}`, { credentials: 'same-origin', ...init });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new ApiError(0, { message: 'vmoat does not answer.' }, cause);
  }
  if (!answer.ok) throw new ApiError(answer.status, await problemOf(answer));
  return answer;
}

function query(values: Record<string, string | undefined>): string {
  const out = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) if (value) out.set(key, value);
  const written = out.toString();
  return written && `?${written}`;
}

export type FlowQuery = { filter: Filter; span: Span | null; cursor?: string | null; limit: number };

export class Api {
  readonly #fetch: Fetch;

  constructor(fetcher: Fetch = (...all) => fetch(...all)) {
    this.#fetch = fetcher;
  }

  async #get<T>(path: string, signal?: AbortSignal): Promise<T> {
    const answer = await ask(this.#fetch, path, signal ? { signal } : {});
    return (await answer.json()) as T;
  }

  status(): Promise<Status> {
    return this.#get('/status');
  }

  workloads(): Promise<{ items: Workload[]; next: string | null }> {
    return this.#get('/workloads');
  }

  graph(span: Span | null, signal?: AbortSignal): Promise<Graph> {
    return this.#get(`/graph${query({ level: 'vm', since: span?.since, until: span?.until })}`, signal);
  }

  /** Newest first; `next` is the cursor for older ones. */
  flows({ filter, span, cursor, limit }: FlowQuery, signal?: AbortSignal): Promise<FlowPage> {
    const { workload, app, port, verdict, text } = filter;
    const window = { since: span?.since, until: span?.until };
    const page = { cursor: cursor ?? undefined, limit: String(limit) };
    return this.#get(`/flows${query({ ...window, workload, app, port, verdict, q: text, ...page })}`, signal);
  }

  flow(id: string, signal?: AbortSignal): Promise<Flow> {
    return this.#get(`/flows/${encodeURIComponent(id)}`, signal);
  }

  async signIn(secret: string): Promise<void> {
    const body = JSON.stringify({ secret });
    await ask(this.#fetch, '/session', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
  }

  async signOut(): Promise<void> {
    await ask(this.#fetch, '/session', { method: 'DELETE' });
  }
}
