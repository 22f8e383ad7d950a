// One client of dp.sock: handshake, then whole tables and bulk records, never more in memory than a bound.
import type { Socket } from 'node:net';
import { DataplaneError } from '../client/dataplane-error.ts';
import { type Frame, FrameReader, frameHead, jsonBody, jsonFrame } from '../client/framing.ts';
import type { PolicyOrder } from '../contract/policy.ts';
import {
  type Inventory,
  MessageType,
  PROTOCOL_VERSION,
  type Receipt,
  type Welcome,
} from '../contract/protocol.ts';
import { checkInventory } from './inventory.ts';
import { checkPolicy } from './policy.ts';
import { checkReceipt } from './receipt.ts';

/** Longest frame taken from a client, bytes: a policy of 40,000 rules, and the one before it, are below. */
export const CLIENT_FRAME_BYTES_MAX = 64 * 1024 * 1024;
/** What may wait for a slow client, bytes; beyond it bulk is dropped and tables keep their newest only. */
export const WAITING_BYTES_MAX = 32 * 1024 * 1024;
const HELLO_MS_MAX = 5_000;
const STALL_MS_MAX = 30_000;

export interface PeerEvents {
  /** The handshake is done; `welcome` was sent. */
  ready: (peer: Peer, client: string, has: Receipt | null) => void;
  inventory: (inventory: Inventory) => void;
  /** Throws `dp_protocol` where a field is of another kind than it should be. */
  policy: (order: PolicyOrder) => void;
  /** A keeper has these on disk; only of our own instance. */
  kept: (receipt: Receipt) => void;
  /** Once; `reason` is null where the client left by itself. */
  closed: (peer: Peer, reason: Error | null) => void;
}

export class Peer {
  readonly #socket: Socket;
  readonly #welcome: Welcome;
  readonly #events: PeerEvents;
  readonly #reader = new FrameReader(CLIENT_FRAME_BYTES_MAX);
  readonly #heldTables = new Map<number, Buffer>();
  #ready = false;
  #reason: Error | null = null;
  #stallTimer: NodeJS.Timeout | null = null;

  constructor(socket: Socket, welcome: Welcome, events: PeerEvents) {
    this.#socket = socket;
    this.#welcome = welcome;
    this.#events = events;
    const helloTimer = setTimeout(() => this.#awaitedHello(), HELLO_MS_MAX);
    socket.on('data', (chunk) => this.#read(chunk));
    socket.on('drain', () => this.#drained());
    socket.on('error', (error) => this.#end(error));
    socket.on('close', () => {
      clearTimeout(helloTimer);
      this.#stopStallTimer();
      this.#events.closed(this, this.#reason);
    });
  }

  /** Sends a table or status whole; a slow client gets the newest of each type once it reads again. */
  sendTable(type: number, body: object): void {
    if (!this.#ready) return;
    if (this.#full()) this.#heldTables.set(type, jsonFrame(type, body));
    else this.#write(jsonFrame(type, body));
  }

  /** Sends a bulk body; false where it was dropped because the client is too slow. */
  sendBulk(type: number, body: Buffer): boolean {
    if (!this.#ready) return true;
    if (this.#full()) return false;
    this.#socket.cork();
    this.#write(frameHead(type, body.length));
    this.#write(body);
    this.#socket.uncork();
    return true;
  }

  /** Says why and closes. */
  refuse(code: string, message: string): void {
    this.#reason ??= new DataplaneError('dp_refused', message);
    const socket = this.#socket;
    socket.end(jsonFrame(MessageType.refused, { code, message }), () => socket.destroy());
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    if (this.#socket.writableEnded) return;
    try {
      for (const frame of this.#reader.push(chunk)) this.#take(frame);
    } catch (error) {
      if (!(error instanceof DataplaneError)) throw error;
      this.#reason = error;
      this.refuse('protocol', error.message);
    }
  }

  #take(frame: Frame): void {
    if (this.#socket.writableEnded) return;
    if (!this.#ready) this.#greet(frame);
    else if (frame.type === MessageType.inventory) this.#events.inventory(checkInventory(jsonBody(frame)));
    else if (frame.type === MessageType.policy) this.#events.policy(checkPolicy(jsonBody(frame)));
    else if (frame.type === MessageType.kept) this.#kept(checkReceipt(jsonBody(frame)));
    else throw new DataplaneError('dp_protocol', `frame of unknown type ${frame.type}`);
  }

  /** One of a former instance may have been under way when we started. */
  #kept(receipt: Receipt): void {
    if (receipt.instance === this.#welcome.instance) this.#events.kept(receipt);
  }

  #greet(frame: Frame): void {
    if (frame.type !== MessageType.hello)
      throw new DataplaneError('dp_protocol', `the first frame is of type ${frame.type}, not hello`);
    const { protocol, client, has } = jsonBody(frame) as Partial<
      Record<'protocol' | 'client' | 'has', unknown>
    >;
    if (protocol !== PROTOCOL_VERSION) {
      const ours = `this vmoat-dp ${this.#welcome.version} speaks protocol ${PROTOCOL_VERSION}`;
      this.refuse('version', `${ours}, the client ${JSON.stringify(protocol)}: upgrade both`);
      return;
    }
    const receipt = has === undefined ? null : checkReceipt(has);
    this.#ready = true;
    this.#write(jsonFrame(MessageType.welcome, this.#welcome));
    this.#events.ready(this, typeof client === 'string' ? client.slice(0, 100) : '', receipt);
  }

  #awaitedHello(): void {
    if (!this.#ready) this.refuse('protocol', `no hello within ${HELLO_MS_MAX} ms`);
  }

  #full(): boolean {
    return this.#socket.writableLength > WAITING_BYTES_MAX;
  }

  #write(bytes: Buffer): void {
    if (this.#socket.writableEnded || this.#socket.destroyed) return;
    if (!this.#socket.write(bytes))
      this.#stallTimer ??= setTimeout(
        () => this.#end(new DataplaneError('dp_silent', `nothing read for ${STALL_MS_MAX} ms`)),
        STALL_MS_MAX,
      );
  }

  #drained(): void {
    this.#stopStallTimer();
    for (const frame of this.#heldTables.values()) this.#write(frame);
    this.#heldTables.clear();
  }

  #stopStallTimer(): void {
    if (this.#stallTimer) clearTimeout(this.#stallTimer);
    this.#stallTimer = null;
  }

  #end(reason: Error): void {
    this.#reason ??= reason;
    this.#socket.destroy();
  }
}
