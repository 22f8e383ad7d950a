// The real message bus: one connection, matched for the signals of libvirt-dbus that tell of a change.
import type { EventEmitter } from 'node:events';
import {
  DBusError,
  Message,
  type MessageBus,
  MessageType,
  sessionBus as openBus,
} from '@jellybrick/dbus-next';
import { LibvirtError, type LibvirtErrorCode } from './errors.ts';
import type { Bus, BusListener, BusSession, Call, Signal } from './types.ts';

const SYSTEM_BUS = 'unix:path=/run/dbus/system_bus_socket';
const LIBVIRT = 'org.libvirt';
const BUS = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
};

/** Signals that are listened to; docs/libvirt.md lists them for the bus policy. */
const SIGNALS: readonly [string, string][] = [
  ['org.libvirt.Connect', 'DomainEvent'],
  ['org.libvirt.Connect', 'NetworkEvent'],
  ['org.libvirt.Domain', 'DeviceAdded'],
  ['org.libvirt.Domain', 'DeviceRemoved'],
  ['org.libvirt.Domain', 'MetadataChange'],
  ['org.libvirt.Domain', 'MigrationIteration'],
  ['org.libvirt.Domain', 'JobCompleted'],
];

export interface SystemBusOptions {
  /** D-Bus address; default: DBUS_SYSTEM_BUS_ADDRESS, else the system bus. */
  address?: string;
  /** Longest wait for an answer, ms (10000): a hung libvirtd answers never. */
  callTimeoutMs?: number;
}

/** The system bus, or the one at `address`. */
export function systemBus(options: SystemBusOptions = {}): Bus {
  return { connect: (listener) => Session.open(options, listener) };
}

class Session implements BusSession {
  private readonly bus: MessageBus;
  private readonly timeoutMs: number;
  private readonly listener: BusListener;
  private readonly waiting = new Set<(error: LibvirtError) => void>();
  private owner = '';
  private closed = false;

  static async open(options: SystemBusOptions, listener: BusListener): Promise<Session> {
    // `sessionBus` is the one of dbus-next's two openings that takes an address.
    const bus = openBus({ busAddress: options.address ?? process.env.DBUS_SYSTEM_BUS_ADDRESS ?? SYSTEM_BUS });
    const session = new Session(bus, options.callTimeoutMs ?? 10_000, listener);
    try {
      await session.subscribe();
    } catch (error) {
      session.end(null);
      throw error;
    }
    return session;
  }

  private constructor(bus: MessageBus, timeoutMs: number, listener: BusListener) {
    this.bus = bus;
    this.timeoutMs = timeoutMs;
    this.listener = listener;
    bus.on('message', (message) => this.receive(message));
    (bus as EventEmitter).on('error', (error) => this.end(messageOf(error)));
    // dbus-next keeps the end of its connection to itself and lets calls that wait wait for ever.
    connectionOf(bus).on('end', () => this.end('the message bus closed the connection'));
  }

  async call(call: Call): Promise<unknown[]> {
    return this.send(new Message({ ...call, body: call.body ?? [], destination: LIBVIRT }));
  }

  close(): void {
    this.end(null);
  }

  private async subscribe(): Promise<void> {
    const owner = `type='signal',sender='${BUS.destination}',member='NameOwnerChanged',arg0='${LIBVIRT}'`;
    const rules = SIGNALS.map(
      ([name, member]) => `type='signal',sender='${LIBVIRT}',interface='${name}',member='${member}'`,
    );
    for (const rule of [owner, ...rules])
      await this.send(new Message({ ...BUS, member: 'AddMatch', signature: 's', body: [rule] }));
    await this.send(new Message({ ...BUS, member: 'GetNameOwner', signature: 's', body: [LIBVIRT] })).then(
      ([name]) => this.setOwner(name),
      () => undefined, // nobody owns it yet: the first call has it started
    );
  }

  private send(message: Message): Promise<unknown[]> {
    if (this.closed) return Promise.reject(new LibvirtError('bus', 'not connected to the message bus'));
    return new Promise((resolve, reject) => {
      const settle = (action: () => void) => {
        clearTimeout(timer);
        this.waiting.delete(reject);
        action();
      };
      const late = () =>
        reject(new LibvirtError('timeout', `no answer to ${message.member} in ${this.timeoutMs} ms`));
      const timer = setTimeout(() => settle(late), this.timeoutMs);
      this.waiting.add(reject);
      this.bus.call(message).then(
        (reply) => settle(() => resolve(reply?.body ?? [])),
        (error) => settle(() => reject(errorOf(error))),
      );
    });
  }

  private receive(message: Message): void {
    if (message.type !== MessageType.SIGNAL || this.closed) return;
    if (message.sender === BUS.destination && message.member === 'NameOwnerChanged') {
      if (message.body[0] === LIBVIRT) this.setOwner(message.body[2]);
    } else if (message.sender === this.owner) this.listener.onSignal(signalOf(message));
    // Any other sender is not libvirt-dbus, whatever it says: a signal can be sent to us by everybody.
  }

  private setOwner(owner: unknown): void {
    if (typeof owner !== 'string' || owner === this.owner) return;
    this.owner = owner;
    this.listener.onOwner(owner);
  }

  private end(reason: string | null): void {
    if (this.closed) return;
    this.closed = true;
    this.bus.disconnect();
    connectionOf(this.bus).stream?.destroy();
    for (const reject of this.waiting) reject(new LibvirtError('bus', reason ?? 'closed'));
    this.waiting.clear();
    if (reason !== null) this.listener.onClosed(reason);
  }
}

interface Connection extends EventEmitter {
  stream?: { destroy(): void };
}

function connectionOf(bus: MessageBus): Connection {
  return (bus as unknown as { _connection: Connection })._connection;
}

function signalOf(message: Message): Signal {
  const { sender, path, interface: name, member, body } = message;
  return { sender, path, interface: name, member, body };
}

function errorOf(error: unknown): LibvirtError {
  const type = error instanceof DBusError ? error.type : '';
  const message = messageOf(error);
  return new LibvirtError(codeOf(type, message), type === '' ? message : `${message} (${type})`, error);
}

function codeOf(type: string, message: string): LibvirtErrorCode {
  if (/^(Domain|Network) not found/i.test(message)) return 'gone';
  if (type === 'org.libvirt.Error') return 'libvirt';
  if (type.endsWith('.AccessDenied')) return 'refused';
  return 'bus';
}

function messageOf(error: unknown): string {
  if (error instanceof DBusError) return error.text || error.type;
  return error instanceof Error ? error.message : String(error);
}
