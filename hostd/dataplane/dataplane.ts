// vmoat-dp as hostd sees it: the connection's state, the newest tables, and what it uses and loses.

import { EventEmitter } from 'node:events';
import {
  type AddressRecord,
  DataplaneClient,
  type FlowBatch,
  type NameRecord,
  type ThreatRecord,
} from '../../dp/client/index.ts';
import type { PolicyOrder } from '../../dp/contract/policy.ts';
import type {
  DpStatus,
  Inventory,
  Link,
  Receipt,
  Registry,
  Segment,
  TappedNic,
  Welcome,
} from '../../dp/contract/protocol.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { CpuMeter } from './cpu-meter.ts';

export interface DataplaneEvents {
  /** Links, segments or NICs changed. */
  tables: [];
  flows: [batch: FlowBatch, registry: Registry, instance: string];
  addresses: [AddressRecord[]];
  names: [NameRecord[]];
  threats: [records: ThreatRecord[], instance: string];
  /** The handshake is done; the instance differs from the one before when dp was restarted. */
  connected: [Welcome];
  /** What dp knew when we connected has been told; once a connection. */
  caughtUp: [];
  disconnected: [reason: string];
  /** dp ended a trial of a policy, since nobody had confirmed it; told until it gets another policy. */
  wentBack: [trial: string];
}

/** Tables stay as they were while dp is away: NICs go on existing, and dp re-adopts them. */
export interface DataplaneTables {
  nics: readonly TappedNic[];
  links: readonly Link[];
  segments: readonly Segment[];
}

export interface DataplaneState {
  state: 'connected' | 'reconnecting';
  since: number;
  reason: string;
  welcome: Welcome | null;
  reconnects: number;
  status: DpStatus | null;
  cpuPercent: number;
}

export interface DataplaneOptions {
  socket: string;
  client: string;
  clock: Clock;
  log: Log;
}

export class Dataplane extends EventEmitter<DataplaneEvents> {
  readonly #client: DataplaneClient;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #cpu = new CpuMeter();
  #tables: DataplaneTables = { nics: [], links: [], segments: [] };
  #since: number;
  #reason = 'not connected yet';
  #connections = 0;
  #status: DpStatus | null = null;

  constructor(options: DataplaneOptions) {
    super();
    this.#clock = options.clock;
    this.#log = options.log;
    this.#since = options.clock.now();
    this.#client = new DataplaneClient({ socket: options.socket, client: options.client });
    this.#listen();
  }

  get tables(): DataplaneTables {
    return this.#tables;
  }

  get state(): DataplaneState {
    const welcome = this.#client.welcome;
    return {
      state: welcome ? 'connected' : 'reconnecting',
      since: this.#since,
      reason: welcome ? '' : this.#reason,
      welcome,
      reconnects: Math.max(0, this.#connections - 1),
      status: welcome ? this.#status : null,
      cpuPercent: this.#cpu.percent,
    };
  }

  /** `has`: up to where the history is on disk. */
  start(has: Receipt): void {
    this.#client.start(has);
  }

  /** The history's disk holds everything up to here. */
  kept(receipt: Receipt): void {
    this.#client.kept(receipt);
  }

  stop(): void {
    this.#client.stop();
  }

  /** Tells dp which NICs libvirt knows, now and after every reconnection. */
  expect(inventory: Inventory): void {
    this.#client.expect(inventory);
  }

  /** Tells dp the policy, now and after every reconnection; its status says what became of it. */
  policy(order: PolicyOrder): void {
    this.#client.policy(order);
  }

  #listen(): void {
    const client = this.#client;
    client.on('connected', (welcome) => this.#connected(welcome));
    client.on('disconnected', (error) => this.#disconnected(error.message));
    client.on('nics', ({ nics }) => this.#replace({ nics }));
    client.on('links', ({ links }) => this.#replace({ links }));
    client.on('segments', ({ segments }) => this.#replace({ segments }));
    client.on('status', (status) => this.#measure(status));
    client.on('addresses', (addresses) => this.emit('addresses', addresses));
    client.on('names', (names) => this.emit('names', names));
    client.on('threats', (records) => {
      if (client.welcome) this.emit('threats', records, client.welcome.instance);
    });
    client.on('flows', (batch) => {
      const welcome = client.welcome;
      if (welcome) this.emit('flows', batch, welcome.registry, welcome.instance);
    });
  }

  #connected(welcome: Welcome): void {
    this.#connections++;
    this.#since = this.#clock.now();
    this.#status = null;
    this.#cpu.reset();
    this.#log.info({ dp: welcome.version, instance: welcome.instance }, 'connected to vmoat-dp');
    this.emit('connected', welcome);
  }

  #disconnected(reason: string): void {
    this.#since = this.#clock.now();
    this.#reason = reason;
    this.#log.warn({ reason }, 'no connection to vmoat-dp');
    this.emit('disconnected', reason);
  }

  #replace(part: Partial<DataplaneTables>): void {
    this.#tables = { ...this.#tables, ...part };
    this.emit('tables');
  }

  #measure(status: DpStatus): void {
    const refused = status.policy?.refused;
    if (refused && refused.generation !== this.#status?.policy?.refused?.generation)
      this.#log.error(refused, 'vmoat-dp refuses the policy, and goes on with the one before');
    const before = this.#status?.caughtUp ?? false;
    this.#status = status;
    if (status.caughtUp && !before) this.emit('caughtUp');
    if (status.policy?.wentBack) this.emit('wentBack', status.policy.wentBack.trial);
    this.#cpu.take(status.use.cpuSeconds, Date.parse(status.at));
  }
}
