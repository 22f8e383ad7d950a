// Composition root: the parts, and the API on top of them, on its listeners.
import type { Server } from 'node:http';
import { join } from 'node:path';
import { systemBus } from '../libvirt-watch/bus.ts';
import type { Bus } from '../libvirt-watch/types.ts';
import { AuditLog } from './access/audit-log.ts';
import { Tokens } from './access/tokens.ts';
import { type AppOptions, createApp } from './api/app.ts';
import type { Caller } from './api/caller.ts';
import { type Certificate, configuredCertificate, ownCertificate } from './api/certificate.ts';
import { closeServer, listenOnHttps, listenOnSocket, pageAddress, SOCKET_MODES } from './api/listeners.ts';
import { Metrics } from './api/metrics.ts';
import { scopesOf } from './api/operation.ts';
import { operations } from './api/operations.ts';
import { pageFolder, pageHandler } from './api/page.ts';
import type { WebLogin } from './api/schema.ts';
import { Sessions } from './api/sessions.ts';
import type { ApiSources } from './api/sources.ts';
import { StreamHub } from './api/stream-hub.ts';
import { findEnd } from './api/workload-name.ts';
import { adminSocket } from './base/admin-socket.ts';
import { systemClock } from './base/clock.ts';
import { VmoatError } from './base/errors.ts';
import type { Log } from './base/log.ts';
import { VERSION } from './base/version.ts';
import type { CheckedConfig } from './config/load.ts';
import type { Config } from './config/schema.ts';
import { eventKindList } from './events/kinds.ts';
import { groupOf } from './graphs.ts';
import { openPolicy } from './open-policy.ts';
import { Parts } from './parts.ts';
import { Reader } from './policy/document/reader.ts';
import { Reload } from './reload.ts';
import { passes } from './threats/threat-filter.ts';

export interface Daemon {
  /** Address of the web page, or null where it is off. */
  page: string | null;
  /** Another configuration: what can change at once does. */
  reload: (checked: CheckedConfig) => void;
  stop: () => Promise<void>;
}

/** What a browser needs to know; null while the page is not served. */
interface Web {
  served: { address: string; certificate: Certificate } | null;
}

/** Starts hostd; rejects with a VmoatError where it cannot serve. `bus` is for tests. */
export async function startDaemon(
  config: Config,
  log: Log,
  bus: Bus = systemBus({ address: config.libvirt.bus }),
): Promise<Daemon> {
  const clock = systemClock;
  const tokens = new Tokens({ file: join(config.stateDir, 'tokens.json'), clock });
  const audit = new AuditLog(join(config.stateDir, 'audit'), clock);
  const reader = new Reader();
  const parts = new Parts(config, log, bus, await openPolicy(config, reader));
  const web: Web = { served: null };
  const sessions = new Sessions({ file: join(config.stateDir, 'sessions.json'), clock: parts.clock });
  const access = { sessions, tokens, audit, scopes: () => scopesOf(app.operations) };
  const sources = apiSources(parts, log, access, {
    webLogin: (caller) => webLogin(sessions, web, caller),
    pagePort: () => (web.served === null ? null : Number(new URL(web.served.address).port)),
  });
  const hub = new StreamHub(sources);
  parts.board.addLoss(() => hub.dropped);
  parts.board.addLoss(() => audit.lost);
  const app = {
    sources,
    operations: operations(hub),
    metrics: new Metrics(sources.status, sources.nics, () => parts.threats.totals),
    version: VERSION,
  };
  const servers: Server[] = [];
  const stop = async (): Promise<void> => {
    hub.stop();
    await Promise.all(servers.map(closeServer));
    reader.stop();
    await audit.close();
    await parts.stop();
  };
  try {
    const { api } = config.sockets;
    const listen = async (path: string, mode: number, door: 'socket' | 'admin'): Promise<void> =>
      void servers.push(await listenOnSocket(path, mode, createApp({ ...app, door })));
    await listen(api, SOCKET_MODES.group, 'socket');
    await listen(adminSocket(api), SOCKET_MODES.admin, 'admin');
    if (config.web.listen !== 'off') servers.push(await serveWeb(config, log, app, web));
  } catch (error) {
    await stop();
    throw error;
  }
  const reload = new Reload({
    config,
    log,
    emit: parts.emit,
    use: (delivery) => parts.deliverBy(delivery),
  });
  return { page: web.served?.address ?? null, reload: (checked) => reload.take(checked), stop };
}

async function serveWeb(config: Config, log: Log, app: Omit<AppOptions, 'door'>, web: Web): Promise<Server> {
  const folder = pageFolder(config.web.root);
  if (folder === null) log.warn('the web page is not built: only the API is served');
  const page = folder === null ? {} : { page: pageHandler(folder) };
  const certificate = certificateOf(config);
  const { listen } = config.web;
  const server = await listenOnHttps(listen, certificate, createApp({ ...app, ...page, door: 'web' }));
  web.served = { address: pageAddress(listen, server), certificate };
  return server;
}

function certificateOf(config: Config): Certificate {
  const { certificate, key } = config.tls;
  if (certificate !== null && key !== null) return configuredCertificate(certificate, key);
  return ownCertificate(config.stateDir, Date.now());
}

/** A session may what whoever asked for it may. */
function webLogin(sessions: Sessions, { served }: Web, { role, user }: Caller): WebLogin {
  if (!served)
    throw new VmoatError('listen_failed', 'the web page is switched off', {
      hint: 'set web.listen in the configuration',
    });
  const { secret, expires } = sessions.issue({ role: role ?? 'viewer', user });
  const url = `${served.address}#secret=${secret}`;
  return { url, secret, expires, fingerprint: served.certificate.fingerprint };
}

function apiSources(
  parts: Parts,
  log: Log,
  access: Pick<ApiSources, 'sessions' | 'tokens' | 'audit' | 'scopes'>,
  page: Pick<ApiSources, 'webLogin' | 'pagePort'>,
): ApiSources {
  const {
    clock,
    inventory,
    history,
    traffic,
    threats,
    names,
    graphs,
    feed,
    board,
    policy,
    advisor,
    learner,
    counters,
    unused,
  } = parts;
  return {
    clock,
    log,
    ...access,
    ...page,
    feed,
    groupOf,
    threats,
    policy,
    advisor,
    learner,
    counters,
    unused,
    threatPasses: (threat, filter) => passes(threat, filter, groupOf),
    status: () => board.status(),
    workloads: () => inventory.workloads(),
    nics: () => inventory.nics(),
    names: (filter, position, limit) => names.find(filter, position, limit),
    liveGraph: (level) => graphs.live(level),
    pastGraph: (since, until, level) => graphs.past(since, until, level),
    flows: (filter, position, limit) => history.flows(filter, position, limit),
    violations: (since, until, each) => history.violations(since, until, each),
    markViolations: (ids, mark) => history.markViolations(ids, mark),
    events: (filter, position, limit) => history.events(filter, position, limit),
    eventKinds: eventKindList,
    exports: parts.exports,
    destinations: () => parts.delivery.destinations,
    testDestination: (id) => parts.testDestination(id),
    flow: async (id) => traffic.flow(id) ?? (await history.flows({ id }, null, 1)).flows[0] ?? null,
    endNamed: (text, field) => findEnd(inventory.workloads(), graphs.liveNodes(), text, field),
    openFlows: () => traffic.open(),
  };
}
