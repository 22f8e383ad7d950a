// DataplaneClient: what hostd keeps open to vmoat-dp. Connects, checks the handshake, hands on what comes,
// and connects again whenever that ends.
import { EventEmitter } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { PolicyOrder } from '../contract/policy.ts';
import {
  type Bodies,
  type DpStatus,
  type Inventory,
  type Links,
  MessageType,
  type Nics,
  PROTOCOL_VERSION,
  type Receipt,
  type Segments,
  type Welcome,
} from '../contract/protocol.ts';
import { type AddressRecord, decodeAddresses } from './address-record.ts';
import { DataplaneError } from './dataplane-error.ts';
import { FlowBatch } from './flow-batch.ts';
import { type Frame, FrameReader, jsonBody, jsonFrame } from './framing.ts';
import { ADDRESS_RECORD_BYTES, FLOW_RECORD_BYTES, NAME_RECORD_BYTES, THREAT_RECORD_BYTES } from './layout.ts';
import { decodeNames, type NameRecord } from './name-record.ts';
import { decodeThreats, type ThreatRecord } from './threat-record.ts';

export interface DataplaneEvents {
  /** The handshake is done; whole tables follow. */
  connected: [Welcome];
  /** Once per end of a connection, or when the first attempt fails. */
  disconnected: [DataplaneError];
  nics: [Nics];
  links: [Links];
  segments: [Segments];
  status: [DpStatus];
  flows: [FlowBatch];
  addresses: [AddressRecord[]];
  names: [NameRecord[]];
  threats: [ThreatRecord[]];
}

export interface DataplaneClientOptions {
  /** Path of dp.sock. */
  socket: string;
  /** Who we say we are: name and version, for dp's log. */
  client: string;
  /** Longest time without a message, ms; dp sends its status every second. */
  silence_ms?: number;
}

const RETRY_MS_MIN = 50;
const RETRY_MS_MAX = 200;
const SILENCE_MS = 10_000;

export class DataplaneClient extends EventEmitter<DataplaneEvents> {
  readonly #options: DataplaneClientOptions;
  #socket: Socket | null = null;
  #welcome: Welcome | null = null;
  #inventory: Inventory | null = null;
  #policy: PolicyOrder | null = null;
  #retryTimer: NodeJS.Timeout | null = null;
  #retryMs = RETRY_MS_MIN;
  #failure: DataplaneError | null = null;
  #stopped = true;
  /** Up to here we took batches; what comes again after a lost connection begins behind it. */
  #took: Receipt | null = null;

  constructor(options: DataplaneClientOptions) {
    super();
    this.#options = options;
  }

  /** What dp said of itself, while connected; else null. */
  get welcome(): Welcome | null {
    return this.#welcome;
  }
  /** Why there is no connection; null while connected or before the first attempt ended. */
  get failure(): DataplaneError | null {
    return this.#failure;
  }

  /**
   * Connects, and keeps connecting until `stop`. `has`: what is on our disk already, which makes us a keeper that
   * says `kept` from time to time; null: we only look on.
   */
  start(has: Receipt | null = null): void {
    if (!this.#stopped) return;
    this.#took = has;
    this.#stopped = false;
    this.#connect();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#retryTimer) clearTimeout(this.#retryTimer);
    this.#socket?.destroy();
  }

  /** Tells dp which NICs to expect, now and after every reconnection. */
  expect(inventory: Inventory): void {
    this.#inventory = inventory;
    this.#sendInventory();
  }

  /** Tells dp the policy, now and after every reconnection; the status says what became of it. */
  policy(order: PolicyOrder): void {
    this.#policy = order;
    this.#sendPolicy();
  }

  /** A keeper's disk holds all batches up to this one. */
  kept(receipt: Receipt): void {
    if (this.#welcome?.instance === receipt.instance)
      this.#socket?.write(jsonFrame(MessageType.kept, receipt));
  }

  #connect(): void {
    const socket = connect({ path: this.#options.socket });
    const reader = new FrameReader();
    let reason = new DataplaneError(
      'dp_unreachable',
      `${this.#options.socket}: vmoat-dp ended the connection`,
    );
    const end = (error: DataplaneError): void => {
      reason = error;
      socket.destroy();
    };
    this.#socket = socket;
    socket.setTimeout(this.#options.silence_ms ?? SILENCE_MS);
    socket.on('connect', () => {
      const has = this.#took ? { has: this.#took } : {};
      const hello = { protocol: PROTOCOL_VERSION, client: this.#options.client, ...has };
      socket.write(jsonFrame(MessageType.hello, hello));
    });
    socket.on('data', (chunk) => {
      try {
        for (const frame of reader.push(chunk)) this.#take(frame);
      } catch (error) {
        if (!(error instanceof DataplaneError)) throw error;
        end(error);
      }
    });
    socket.on('timeout', () => end(new DataplaneError('dp_silent', 'vmoat-dp says nothing any more')));
    socket.on('error', (cause) => {
      reason = new DataplaneError('dp_unreachable', `${this.#options.socket}: ${cause.message}`, { cause });
    });
    socket.on('close', () => this.#closed(reason));
  }

  #closed(reason: DataplaneError): void {
    const news = this.#failure === null || this.#welcome !== null || this.#failure.code !== reason.code;
    this.#socket = null;
    this.#welcome = null;
    this.#failure = reason;
    if (this.#stopped) return;
    this.#retryTimer = setTimeout(() => this.#connect(), this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS_MAX);
    if (news) this.emit('disconnected', reason);
  }

  #take(frame: Frame): void {
    if (this.#socket === null || this.#socket.destroyed) return;
    if (this.#welcome === null) this.#handshake(frame);
    else this.#dispatch(frame);
  }

  #handshake(frame: Frame): void {
    const welcome = checkedWelcome(frame);
    this.#welcome = welcome;
    this.#failure = null;
    this.#retryMs = RETRY_MS_MIN;
    this.#sendInventory();
    this.#sendPolicy();
    this.emit('connected', welcome);
  }

  #dispatch(frame: Frame): void {
    switch (frame.type) {
      case MessageType.flows:
        this.#takeFlows(new FlowBatch(frame.body));
        return;
      case MessageType.addresses:
        this.emit('addresses', decodeAddresses(frame.body));
        return;
      case MessageType.names:
        this.emit('names', decodeNames(frame.body));
        return;
      case MessageType.threats:
        this.emit('threats', decodeThreats(frame.body));
        return;
      case MessageType.nics:
        this.emit('nics', table(frame, MessageType.nics));
        return;
      case MessageType.links:
        this.emit('links', table(frame, MessageType.links));
        return;
      case MessageType.segments:
        this.emit('segments', table(frame, MessageType.segments));
        return;
      case MessageType.status:
        this.emit('status', jsonBody(frame) as DpStatus);
        return;
      case MessageType.refused:
        throw refusal(frame);
      default:
        throw new DataplaneError('dp_protocol', `vmoat-dp sent a frame of unknown type ${frame.type}`);
    }
  }

  #takeFlows(batch: FlowBatch): void {
    if (this.#took && this.#welcome) this.#took = { instance: this.#welcome.instance, batch: batch.number };
    this.emit('flows', batch);
  }

  #sendPolicy(): void {
    if (this.#policy && this.#welcome) this.#socket?.write(jsonFrame(MessageType.policy, this.#policy));
  }

  #sendInventory(): void {
    if (this.#inventory && this.#welcome)
      this.#socket?.write(jsonFrame(MessageType.inventory, this.#inventory));
  }
}

/** dp is root and our own build: its bodies are taken as the protocol says, but for what guards a mix-up. */
function table<T extends typeof MessageType.nics | typeof MessageType.links | typeof MessageType.segments>(
  frame: Frame,
  _type: T,
): Bodies[T] {
  const body = jsonBody(frame) as Bodies[T];
  if (typeof body.generation === 'number') return body;
  throw new DataplaneError('dp_protocol', `a table of type ${frame.type} has no generation`);
}

function refusal(frame: Frame): DataplaneError {
  const { code, message } = jsonBody(frame) as Partial<Record<'code' | 'message', unknown>>;
  return new DataplaneError(code === 'version' ? 'dp_version' : 'dp_refused', `vmoat-dp refused: ${message}`);
}

function checkedWelcome(frame: Frame): Welcome {
  if (frame.type === MessageType.refused) throw refusal(frame);
  if (frame.type !== MessageType.welcome)
    throw new DataplaneError('dp_protocol', `vmoat-dp began with a frame of type ${frame.type}`);
  const welcome = jsonBody(frame) as Welcome;
  const records = [FLOW_RECORD_BYTES, ADDRESS_RECORD_BYTES, NAME_RECORD_BYTES, THREAT_RECORD_BYTES];
  const ours = [PROTOCOL_VERSION, ...records].join('/');
  const { protocol, flowRecordBytes, addressRecordBytes, nameRecordBytes, threatRecordBytes } = welcome;
  const theirs = [protocol, flowRecordBytes, addressRecordBytes, nameRecordBytes, threatRecordBytes].join(
    '/',
  );
  if (ours === theirs) return welcome;
  throw new DataplaneError(
    'dp_version',
    `vmoat-dp ${welcome.version} speaks protocol/flow/address/name/threat ${theirs}, this is ${ours}: upgrade both`,
  );
}
