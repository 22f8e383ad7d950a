// Runs the data plane until a signal: lock, start, listen, relay; then stop in reverse.
import { randomUUID } from 'node:crypto';
import type { Server } from 'node:net';
import {
  type Addon,
  type DataplaneOutput,
  type LiveDataplane,
  registryWith,
  type TakeOutput,
} from '../client/addon.ts';
import { DataplaneError } from '../client/dataplane-error.ts';
import { moment } from '../client/deadline.ts';
import { guardTable } from '../client/guard-table.ts';
import type { PolicyOrder } from '../contract/policy.ts';
import { PROTOCOL_VERSION, type Welcome } from '../contract/protocol.ts';
import { VERSION } from '../contract/version.ts';
import { findAccounts } from './accounts.ts';
import { type FoundFallback, findFallback } from './fallback.ts';
import { lockFolder } from './folder-lock.ts';
import { GuardMarker, unguard } from './guard-marker.ts';
import { Hub, type HubInput } from './hub.ts';
import type { Kept } from './kept.ts';
import type { Level, Log } from './log.ts';
import { openState } from './open-state.ts';
import type { Options } from './options.ts';
import { Orders, type OrdersOptions } from './orders.ts';
import { listen } from './server.ts';
import { ServiceError } from './service-error.ts';
import { dataplaneConfig, type Settings } from './settings.ts';
import { StaticGuard } from './static-guard.ts';
import { Watchdog } from './watchdog.ts';

/** Runs until SIGTERM or SIGINT. Rejects with ServiceError where it cannot start. */
export async function run(addon: Addon, options: Options, log: Log): Promise<void> {
  const { settings, detachOnExit } = options;
  const locked = lockFolder(addon, settings.pins);
  const watchdog = new Watchdog(addon);
  const fallback = findFallback(addon, settings.fallback, log);
  const own = welcome(addon, settings, fallback);
  const hub = new Hub(own.instance, () => dataplane.refresh());
  const { kept, write } = openState(addon, settings.state, own.registry.applications, log);
  const compile: OrdersOptions['compile'] = (tables, isKept) => dataplane.policy(tables, isKept);
  const marker = new GuardMarker(settings.state, log);
  const guard: OrdersOptions['guard'] = (policies) => marker.follow(settings.enforce ? policies : []);
  const orders = new Orders({ kept, write, compile, guard, moment, log });
  const staticGuard = new StaticGuard(guardTable, log);
  const take: TakeOutput = (kind, value) => {
    if (kind === 'status') {
      const status = value as DataplaneOutput['status'];
      watchdog.heard(status);
      staticGuard.panics(status.panic !== null);
      hub.take('status', { ...status, policy: orders.heard(status.policy) });
      return;
    }
    if (kind === 'links') staticGuard.linksChanged();
    if (kind === 'nics') void staticGuard.heard((value as DataplaneOutput['nics']).nics);
    if (kind === 'segments') orders.meet((value as DataplaneOutput['segments']).segments);
    if (kind === 'log') logLine(log, value as DataplaneOutput['log']);
    else hub.take(kind, value as HubInput[typeof kind]);
  };
  const dataplane = start(
    addon,
    { ...settings, fallback: fallback.library },
    { ...kept, policy: orders.first },
    take,
  );
  orders.start();
  try {
    if (!locked) lockFolder(addon, settings.pins);
    const server = await listen(
      {
        path: settings.socket,
        accounts: findAccounts(settings.users),
        welcome: own,
        peerCredentials: addon.peerCredentials,
        inventory: (inventory) => {
          dataplane.expect(inventory.nics);
          orders.expect(inventory);
        },
        policy: (order) => takePolicy(orders, order),
      },
      hub,
      log,
    );
    watchdog.start();
    log('info', 'vmoat-dp is up', { version: VERSION, socket: settings.socket, pins: settings.pins });
    const signal = await ending();
    log('info', 'vmoat-dp ends', { signal, detach: detachOnExit });
    watchdog.stop();
    await close(server, hub);
  } finally {
    orders.stop();
    dataplane.stop(detachOnExit);
    if (detachOnExit) await unguard(marker, guardTable);
  }
}

function start(addon: Addon, settings: Settings, kept: Kept, take: TakeOutput): LiveDataplane {
  const { policy, nics, segments } = kept;
  const orders = policy && { kept: { policy, nics, segments } };
  try {
    return new addon.Dataplane({ ...dataplaneConfig(settings), ...orders }, take);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ServiceError('start_failed', `the data plane does not start: ${reason}`, { cause });
  }
}

/** What is wrong in it beyond its fields is told in the status; the policy before it stays. */
function takePolicy(orders: Orders, order: PolicyOrder): void {
  try {
    orders.take(order);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DataplaneError('dp_protocol', `policy: ${reason}`, { cause });
  }
}

function welcome(addon: Addon, { applications }: Settings, { names, told }: FoundFallback): Welcome {
  return {
    protocol: PROTOCOL_VERSION,
    version: VERSION,
    layout: addon.kernelLayout,
    instance: randomUUID(),
    startedAt: new Date().toISOString(),
    pid: process.pid,
    registry: registryWith(addon.registry, applications, names),
    threats: addon.threats,
    flowRecordBytes: addon.recordLayout.FlowRecord.size,
    addressRecordBytes: addon.recordLayout.AddressRecord.size,
    fallback: told,
    nameRecordBytes: addon.recordLayout.NameRecord.size,
    threatRecordBytes: addon.recordLayout.ThreatRecord.size,
  };
}

const LEVELS: readonly string[] = ['info', 'warn', 'error'] satisfies Level[];

function logLine(log: Log, { level, text }: DataplaneOutput['log']): void {
  log(LEVELS.includes(level) ? (level as Level) : 'info', text);
}

/** The signal that ended us. A second one changes nothing. */
function ending(): Promise<NodeJS.Signals> {
  return new Promise((done) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => done(signal));
  });
}

function close(server: Server, hub: Hub): Promise<void> {
  const closed = new Promise<void>((done) => server.close(() => done()));
  hub.close();
  return closed;
}
