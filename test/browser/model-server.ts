// Serves build/web and the model over real HTTP and SSE, with the headers that hostd sends, for the page's tests.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import helmet from 'helmet';
import { z } from 'zod';
import {
  Flow,
  Graph,
  Page,
  type Session,
  Status,
  StreamEvent,
  Threat,
  ThreatGroup,
  Workload,
} from '../../hostd/api/schema.ts';
import { passes } from '../../hostd/threats/threat-filter.ts';
import { matches } from '../../web/domain/flow-filter.ts';
import { readPlace } from '../../web/domain/place.ts';
import { type Model, threatKinds } from './model.ts';

export const secret = 'right-horse-battery';

export class ModelServer {
  readonly model: Model;
  /** Asked for a cookie before it answers, as hostd does. */
  locked: boolean;
  flowsPerSecond = 4;
  role: Session['role'] = 'admin';
  #server: Server | null = null;
  #listeners = new Set<ServerResponse>();
  #timer: NodeJS.Timeout | null = null;
  #port = 0;

  constructor(model: Model, locked = false) {
    this.model = model;
    this.locked = locked;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    const server = createServer(this.#app());
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#timer = setInterval(() => this.tick(), 1000);
  }

  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
    this.#listeners.clear();
  }

  /** One second of the model, told to everybody who listens. */
  tick(): void {
    const now = Date.now();
    const flows = this.model.step(now, this.flowsPerSecond);
    this.send({ kind: 'flows', flows });
    this.send({ kind: 'graph', graph: this.model.graph(now) });
    this.send({ kind: 'status', status: this.model.status(now) });
  }

  send(event: StreamEvent): void {
    for (const listener of this.#listeners) write(listener, event);
  }

  #app(): express.Express {
    const app = express();
    app.use(
      helmet({
        contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'self'"] } },
        strictTransportSecurity: false,
      }),
    );
    app.post('/api/v1/session', express.json(), (request, response) => this.#signIn(request, response));
    app.use('/api/v1', (request, response, next) => {
      if (this.locked && !request.headers.cookie?.includes('vmoat=ok'))
        response.status(401).json({ code: 'unauthorized', message: 'Sign in first.' });
      else next();
    });
    this.#routes(app);
    app.use(express.static('build/web'));
    return app;
  }

  #signIn(request: IncomingMessage & { body?: { secret?: unknown } }, response: express.Response): void {
    if (request.body?.secret !== secret) {
      response
        .status(401)
        .json({ code: 'wrong-secret', message: 'That is not the secret.', hint: 'It works once only.' });
      return;
    }
    response.setHeader('set-cookie', 'vmoat=ok; HttpOnly; SameSite=Strict; Path=/');
    response.status(204).end();
  }

  #routes(app: express.Express): void {
    const now = () => Date.now();
    app.get('/api/v1/status', (_, response) => void response.json(Status.parse(this.model.status(now()))));
    app.get(
      '/api/v1/workloads',
      (_, response) =>
        void response.json({ items: z.array(Workload).parse(this.model.workloads), next: null }),
    );
    app.get('/api/v1/graph', (request, response) => {
      const { since = null, until = null } = request.query as Record<string, string | undefined>;
      response.json(Graph.parse(this.model.graph(now(), since, until)));
    });
    app.get(
      '/api/v1/flows',
      (request, response) => void response.json(this.#flows(new URL(request.url, this.url).searchParams)),
    );
    app.get('/api/v1/flows/:id', (request, response) => {
      const flow = this.model.flows.find((one) => one.id === request.params.id);
      if (flow) response.json(Flow.parse(flow));
      else response.status(404).json({ code: 'not-found', message: 'No such flow.' });
    });
    this.#threatRoutes(app);
    app.get('/api/v1/stream', (_, response) => this.#stream(response));
  }

  #threatRoutes(app: express.Express): void {
    const found = (id: string | undefined) => this.model.threats.find((one) => one.id === id);
    app.get('/api/v1/session', (_, response) => {
      const time = new Date().toISOString();
      response.json({ role: this.role, user: 'ann', since: time, expires: time } satisfies Session);
    });
    app.get('/api/v1/threat-kinds', (_, response) => void response.json({ items: threatKinds, next: null }));
    app.get('/api/v1/threat-groups', (request, response) => {
      const items = this.model.groups(this.#passing(new URL(request.url, this.url).searchParams));
      response.json(Page(ThreatGroup).parse({ items, next: null }));
    });
    app.get('/api/v1/threats', (request, response) => {
      const items = this.model.threats.filter(this.#passing(new URL(request.url, this.url).searchParams));
      response.json(Page(Threat).parse({ items: items.toReversed(), next: null }));
    });
    app.get('/api/v1/threats/:id', (request, response) => {
      const threat = found(request.params.id);
      if (threat) response.json(Threat.parse(threat));
      else response.status(404).json({ code: 'not_found', message: 'there is no such incident' });
    });
    const acknowledge = (id: string, note: string | null, alike: boolean, response: express.Response) => {
      const at = new Date().toISOString();
      const threats = this.model.acknowledge(id, note === null ? null : { at, by: 'ann', note }, alike);
      this.send({ kind: 'threats', threats });
      this.send({ kind: 'status', status: this.model.status(Date.now()) });
      response.json(found(id));
    };
    const path = '/api/v1/threats/:id/acknowledge';
    app.post(path, express.json(), ({ params, body, query }, response) =>
      acknowledge(String(params.id), body.note, query.alike === 'yes', response),
    );
    app.delete(path, ({ params, query }, response) =>
      acknowledge(String(params.id), null, query.alike === 'yes', response),
    );
  }

  #passing(query: URLSearchParams): (threat: Threat) => boolean {
    const given = (key: string) => query.get(key) ?? undefined;
    const [name, source, severity, text] = [given('name'), given('source'), given('severity'), given('q')];
    const workload = given('workload');
    const filter = {
      ...(name !== undefined && { name }),
      ...(source !== undefined && { source }),
      ...(severity !== undefined && { severity: Threat.shape.severity.parse(severity) }),
      ...(text !== undefined && { text: text.toLowerCase() }),
      ...(workload !== undefined && { either: { id: workload } }),
      ...(given('acknowledged') === 'no' && { acknowledged: false }),
    };
    return (threat) => passes(threat, filter, () => '');
  }

  #flows(query: URLSearchParams): { items: Flow[]; next: string | null } {
    const { filter } = readPlace(`?${query}`);
    const since = query.get('since') ?? '';
    const until = query.get('until') ?? '9';
    const found = this.model.flows.filter(
      (flow) => matches(flow, filter) && flow.last >= since && flow.first <= until,
    );
    const at = Number(query.get('cursor') ?? 0);
    const limit = Number(query.get('limit') ?? 100);
    return {
      items: found.slice(at, at + limit),
      next: at + limit < found.length ? String(at + limit) : null,
    };
  }

  #stream(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    this.#listeners.add(response);
    response.on('close', () => this.#listeners.delete(response));
    const at = Date.now();
    write(response, { kind: 'status', status: this.model.status(at) });
    write(response, { kind: 'workloads', workloads: this.model.workloads });
    write(response, { kind: 'graph', graph: this.model.graph(at) });
  }
}

const checked = new WeakSet<object>();

/** Every shape is held against the schema once; a large graph each second would measure zod, not the page. */
function write(listener: ServerResponse, event: StreamEvent): void {
  if (!checked.has(listener)) StreamEvent.parse(event);
  if (event.kind === 'flows') checked.add(listener);
  listener.write(`event: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`);
}
