// The express application: one for the Unix socket, one for HTTPS, the same operations in both.
import express, { type Express, type Request, type RequestHandler, type Response } from 'express';
import { rateLimit } from 'express-rate-limit';
import helmet from 'helmet';
import { VmoatError } from '../base/errors.ts';
import { METRICS_PATH, type Metrics } from './metrics.ts';
import { BASE_PATH, openApiDocument } from './openapi.ts';
import type { Operation } from './operation.ts';
import { errorHandler, sendProblem, unknownPath } from './problem.ts';
import { cookieOf } from './session-cookie.ts';
import type { ApiSources } from './sources.ts';

export interface AppOptions {
  sources: ApiSources;
  operations: readonly Operation[];
  metrics: Metrics;
  version: string;
  /** On the Unix socket, whose file mode says who may connect. */
  local: boolean;
  /** Serves the web page; absent on the Unix socket. */
  page?: RequestHandler;
}

const BODY_BYTES_MAX = 16 * 1024;
const REQUESTS_A_MINUTE = 1200;
const SIGN_INS_A_MINUTE = 20;

export function createApp(options: AppOptions): Express {
  const app = express();
  app.disable('x-powered-by').set('etag', false).set('query parser', 'simple');
  app.use(protection());
  if (!options.local) app.use(limit(REQUESTS_A_MINUTE));
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
  if (!options.local) router.post('/session', limit(SIGN_INS_A_MINUTE));
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
      const answer = await operation.run(options.sources, request, response);
      if (!operation.stream) response.json(answer);
    },
  );
}

const expressPath = (path: string): string => path.replace(/\{(\w+)\}/g, ':$1');

const methodNotAllowed: RequestHandler = (request, response) =>
  sendProblem(response, new VmoatError('method_not_allowed', `${request.method} is not taken here`));

/** Who may: the Unix socket everything, a browser what its session allows, a foreign page nothing that writes. */
const guard =
  (access: Operation['access'], options: AppOptions): RequestHandler =>
  (request, _response, next) => {
    if (options.local) return next();
    if (access === 'local') throw new VmoatError('forbidden', 'only the Unix socket takes this');
    if (request.method !== 'GET' && isForeign(request))
      throw new VmoatError('forbidden', 'this request comes from a foreign page');
    if (access === 'session' && !options.sources.sessions.find(cookieOf(request)))
      throw new VmoatError('unauthorized', 'sign in first', { hint: 'run `vmoat web-login` on the host' });
    next();
  };

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
