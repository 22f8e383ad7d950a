// Asks hostd's REST API, turning what it says into typed answers or one kind of error.
import type {
  Flow,
  Graph,
  Problem,
  Session,
  Status,
  Threat,
  ThreatGroup,
  ThreatKind,
  Workload,
} from '../../hostd/api/schema.ts';
import type { Filter, ThreatFilter } from '../domain/place.ts';

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

const acknowledgePath = (id: string, alike: boolean): string =>
  `/threats/${encodeURIComponent(id)}/acknowledge${query({ alike: alike ? 'yes' : undefined })}`;

export type FlowQuery = { filter: Filter; span: Span | null; cursor?: string | null; limit: number };

export type ThreatQuery = { filter: Filter; threats: ThreatFilter; span: Span | null; limit: number };
type List<T> = { items: T[]; next: string | null };

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

  /** The worst first, then the newest. */
  async threatGroups(
    { filter, threats, span, limit }: ThreatQuery,
    signal?: AbortSignal,
  ): Promise<ThreatGroup[]> {
    const { workload, text: q } = filter;
    const { name, severity, all } = threats;
    const acknowledged = all ? undefined : 'no';
    const asked = { name, severity, acknowledged, workload, q, since: span?.since, until: span?.until };
    const path = `/threat-groups${query({ ...asked, limit: String(limit) })}`;
    return (await this.#get<List<ThreatGroup>>(path, signal)).items;
  }

  /** Incidents of one threat by one source, newest first. */
  async threatsAlike({ name, source }: Threat, limit: number, signal?: AbortSignal): Promise<Threat[]> {
    const path = `/threats${query({ name, source, limit: String(limit) })}`;
    return (await this.#get<List<Threat>>(path, signal)).items;
  }

  threat(id: string, signal?: AbortSignal): Promise<Threat> {
    return this.#get(`/threats/${encodeURIComponent(id)}`, signal);
  }

  async threatKinds(): Promise<ThreatKind[]> {
    return (await this.#get<List<ThreatKind>>('/threat-kinds')).items;
  }

  /** `alike`: all of the same threat and source. */
  async acknowledge(id: string, note: string, alike: boolean): Promise<Threat> {
    const answer = await ask(this.#fetch, acknowledgePath(id, alike), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ note }),
    });
    return (await answer.json()) as Threat;
  }

  async reopen(id: string, alike: boolean): Promise<Threat> {
    const answer = await ask(this.#fetch, acknowledgePath(id, alike), { method: 'DELETE' });
    return (await answer.json()) as Threat;
  }

  session(): Promise<Session> {
    return this.#get('/session');
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
