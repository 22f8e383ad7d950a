// The express application: one for each Unix socket, one for HTTPS, the same operations in all.
import express, { type Express, type Request, type RequestHandler, type Response } from 'express';
import { rateLimit } from 'express-rate-limit';
import helmet from 'helmet';
import { VmoatError } from '../base/errors.ts';
import { audited, entryOf, refused } from './audited.ts';
import type { Caller } from './caller.ts';
import { type Door, Doorkeeper, type Wanted } from './doorkeeper.ts';
import { METRICS_PATH, type Metrics } from './metrics.ts';
import { BASE_PATH, openApiDocument } from './openapi.ts';
import { isChange, type Operation, scopeOf } from './operation.ts';
import { errorHandler, sendProblem, unknownPath } from './problem.ts';
import type { ApiSources } from './sources.ts';

export interface AppOptions {
  sources: ApiSources;
  operations: readonly Operation[];
  metrics: Metrics;
  version: string;
  door: Door;
  /** Serves the web page; absent on the Unix sockets. */
  page?: RequestHandler;
}

const BODY_BYTES_MAX = 16 * 1024;
const REQUESTS_A_MINUTE = 1200;
const SIGN_INS_A_MINUTE = 20;
const METRICS: Wanted = { access: 'viewer', scope: 'metrics:read', isChange: false };

export function createApp(options: AppOptions): Express {
  const app = express();
  const keeper = new Doorkeeper(options.door, options.sources);
  app.disable('x-powered-by').set('etag', false).set('query parser', 'simple');
  app.use(protection());
  if (options.door === 'web') app.use(limit(REQUESTS_A_MINUTE));
  app.use(BASE_PATH, apiRouter(options, keeper));
  app.get(METRICS_PATH, (request, response, next) => {
    keeper.admit(keeper.callerOf(request), METRICS, request);
    options.metrics.text().then((text) => response.type('text/plain; version=0.0.4').send(text), next);
  });
  if (options.page) app.use(options.page);
  app.use(unknownPath);
  app.use(errorHandler(options.sources.log));
  return app;
}

function apiRouter(options: AppOptions, keeper: Doorkeeper): express.Router {
  const router = express.Router({ caseSensitive: true, strict: true });
  const document = openApiDocument(options.operations, options.version);
  router.use((_request, response, next) => {
    response.setHeader('Cache-Control', 'no-store');
    next();
  });
  router.get('/openapi.json', (_request, response) => void response.json(document));
  if (options.door === 'web') router.post('/session', limit(SIGN_INS_A_MINUTE));
  for (const operation of options.operations) addRoute(router, operation, options.sources, keeper);
  for (const path of new Set(options.operations.map((operation) => operation.path)))
    router.all(expressPath(path), methodNotAllowed);
  return router;
}

function addRoute(
  router: express.Router,
  operation: Operation,
  sources: ApiSources,
  keeper: Doorkeeper,
): void {
  const wanted = { access: operation.access, scope: scopeOf(operation), isChange: isChange(operation) };
  const body = bodyReader(operation, wanted, keeper);
  router[operation.method](
    expressPath(operation.path),
    body,
    async (request: Request, response: Response) => {
      const caller = keeper.callerOf(request);
      const answer = wanted.isChange
        ? await change(operation, caller, request, response)
        : await read(operation, caller, request, response);
      if (!operation.stream) response.json(answer);
    },
  );

  const read = async (...[each, caller, request, response]: Asked): Promise<unknown> => {
    keeper.admit(caller, wanted, request);
    return each.run(sources, caller, request, response, () => undefined);
  };

  const change = async (...[each, caller, request, response]: Asked): Promise<unknown> => {
    const entry = entryOf(each, caller, request);
    try {
      keeper.admit(caller, wanted, request);
    } catch (thrown) {
      await refused(sources.audit, entry, thrown);
      throw thrown;
    }
    return audited(sources.audit, entry, (changed) => each.run(sources, caller, request, response, changed));
  };
}

/** Only who may change something is heard out at length. */
function bodyReader({ bodyBytesMax }: Operation, wanted: Wanted, keeper: Doorkeeper): RequestHandler {
  const short = express.json({ limit: BODY_BYTES_MAX });
  if (bodyBytesMax === undefined) return short;
  const long = express.json({ limit: bodyBytesMax });
  const may = (request: Request): boolean => {
    try {
      keeper.admit(keeper.callerOf(request), wanted, request);
      return true;
    } catch {
      return false;
    }
  };
  return (request, response, next) => (may(request) ? long : short)(request, response, next);
}

type Asked = [operation: Operation, caller: Caller, request: Request, response: Response];

const expressPath = (path: string): string => path.replace(/\{(\w+)\}/g, ':$1');

const methodNotAllowed: RequestHandler = (request, response) =>
  sendProblem(response, new VmoatError('method_not_allowed', `${request.method} is not taken here`));

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
