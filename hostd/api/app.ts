// The express application: one for each Unix socket, one for HTTPS, the same operations in all.
import express, { type Express, type Request, type RequestHandler, type Response } from 'express';
import { rateLimit } from 'express-rate-limit';
import helmet from 'helmet';
import { USER_HEADER } from '../base/admin-socket.ts';
import { VmoatError } from '../base/errors.ts';
import { METRICS_PATH, type Metrics } from './metrics.ts';
import { BASE_PATH, openApiDocument } from './openapi.ts';
import type { Access, Caller, Operation } from './operation.ts';
import { errorHandler, sendProblem, unknownPath } from './problem.ts';
import { cookieOf } from './session-cookie.ts';
import type { ApiSources } from './sources.ts';

export interface AppOptions {
  sources: ApiSources;
  operations: readonly Operation[];
  metrics: Metrics;
  version: string;
  /**
   * Where it is served: on `socket` and `admin`, Unix sockets, the mode of the file says who may connect (group
   * vmoat; root alone), on `web` the session.
   */
  door: 'socket' | 'admin' | 'web';
  /** Serves the web page; absent on the Unix sockets. */
  page?: RequestHandler;
}

const BODY_BYTES_MAX = 16 * 1024;
const REQUESTS_A_MINUTE = 1200;
const SIGN_INS_A_MINUTE = 20;
const USER_CHARS_MAX = 64;

export function createApp(options: AppOptions): Express {
  const app = express();
  app.disable('x-powered-by').set('etag', false).set('query parser', 'simple');
  app.use(protection());
  if (options.door === 'web') app.use(limit(REQUESTS_A_MINUTE));
  app.use(BASE_PATH, express.json({ limit: BODY_BYTES_MAX }), apiRouter(options));
  app.get(METRICS_PATH, guard('session', options), (_request, response, next) => {
    options.metrics.text().then((text) => response.type('text/plain; version=0.0.4').send(text), next);
  });
  if (options.page) app.use(options.page);
  app.use(unknownPath);
  app.use(errorHandler(options.sources.log));
  return app;
}

function apiRouter(options: AppOptions): express.Router {
  const router = express.Router({ caseSensitive: true, strict: true });
  const document = openApiDocument(options.operations, options.version);
  router.use((_request, response, next) => {
    response.setHeader('Cache-Control', 'no-store');
    next();
  });
  router.get('/openapi.json', (_request, response) => void response.json(document));
  if (options.door === 'web') router.post('/session', limit(SIGN_INS_A_MINUTE));
  for (const operation of options.operations) addRoute(router, operation, options);
  for (const path of new Set(options.operations.map((operation) => operation.path)))
    router.all(expressPath(path), methodNotAllowed);
  return router;
}

function addRoute(router: express.Router, operation: Operation, options: AppOptions): void {
  router[operation.method](
    expressPath(operation.path),
    guard(operation.access, options),
    async (request: Request, response: Response) => {
      const answer = await operation.run(options.sources, callerOf(request, options), request, response);
      if (!operation.stream) response.json(answer);
    },
  );
}

const expressPath = (path: string): string => path.replace(/\{(\w+)\}/g, ':$1');

const methodNotAllowed: RequestHandler = (request, response) =>
  sendProblem(response, new VmoatError('method_not_allowed', `${request.method} is not taken here`));

/** Who may: root everything, group vmoat what is read, a browser what its session allows, a foreign page nothing that writes. */
const guard =
  (access: Access, options: AppOptions): RequestHandler =>
  (request, _response, next) => {
    if (options.door === 'admin') return next();
    if (options.door === 'socket') {
      if (access === 'admin') throw onlyRoot();
      return next();
    }
    if (access === 'local') throw new VmoatError('forbidden', 'only the Unix socket takes this');
    if (request.method !== 'GET' && isForeign(request))
      throw new VmoatError('forbidden', 'this request comes from a foreign page');
    if (access === 'anyone') return next();
    const session = options.sources.sessions.find(cookieOf(request));
    if (!session)
      throw new VmoatError('unauthorized', 'sign in first', { hint: 'run `vmoat web-login` on the host' });
    if (access === 'admin' && session.role !== 'admin') throw onlyRoot();
    next();
  };

const onlyRoot = (): VmoatError =>
  new VmoatError('forbidden', 'only root may do this', {
    hint: 'use `vmoat` as root, or sign in by the link of `vmoat web-login` as root',
  });

/** Root may say for whom it asks: what `sudo` told it. */
function callerOf(request: Request, { door, sources }: AppOptions): Caller {
  if (door === 'admin')
    return { role: 'admin', user: request.get(USER_HEADER)?.slice(0, USER_CHARS_MAX) || 'root' };
  const session = door === 'web' ? sources.sessions.find(cookieOf(request)) : null;
  return { role: session?.role ?? 'viewer', user: session?.user ?? '' };
}

/** Browsers name the page that asks; other clients have no cookie that could be abused. */
function isForeign(request: Request): boolean {
  const { origin, host } = request.headers;
  return origin !== undefined && origin !== `https://${host}`;
}

const protection = (): RequestHandler =>
  helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        workerSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        fontSrc: ["'self'"],
        connectSrc: ["'self'"],
        manifestSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    // The certificate is self-signed by default: a browser that remembered HSTS could not be let through.
    strictTransportSecurity: false,
    referrerPolicy: { policy: 'no-referrer' },
  });

const limit = (requests: number): RequestHandler =>
  rateLimit({
    windowMs: 60_000,
    limit: requests,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    handler: (_request, response) =>
      sendProblem(response, new VmoatError('rate_limited', `more than ${requests} requests a minute`)),
  });
