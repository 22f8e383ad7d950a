// The calls to libvirt-dbus that the watch makes, with checked answers. Reading only; docs/libvirt.md lists them.
import { Variant } from '@jellybrick/dbus-next';
import { LibvirtError } from './errors.ts';
import { addressOf, macOf, uuidOf } from './fields.ts';
import { isMigration } from './state.ts';
import type { BusSession, Call, Lease } from './types.ts';

const ROOT = '/org/libvirt/QEMU';
const LIST_ALL = 0;
const LIST_ACTIVE = 2;
const LIST_TRANSIENT = 8;
const STATS_STATE = 1;
const STATS_INTERFACE = 16;
/** A domain with a hung monitor must not keep the list waiting. */
const STATS_NOWAIT = 1 << 29;
const LEASES_MAX = 16_384;

/** What the list of all domains says of one. */
export interface ListedState {
  state: number;
  reason: number;
  /** Host-side interfaces of a running domain. */
  taps: string[];
}

/** libvirt's own calls. All reject with `LibvirtError`. UUIDs stand for the D-Bus object paths. */
export class LibvirtCalls {
  private readonly session: BusSession;
  private readonly count: () => void;

  constructor(session: BusSession, count: () => void) {
    this.session = session;
    this.count = count;
  }

  domains(): Promise<Set<string>> {
    return this.list('ListDomains', LIST_ALL);
  }
  transientDomains(): Promise<Set<string>> {
    return this.list('ListDomains', LIST_TRANSIENT);
  }
  networks(): Promise<Set<string>> {
    return this.list('ListNetworks', LIST_ALL);
  }
  activeNetworks(): Promise<Set<string>> {
    return this.list('ListNetworks', LIST_ACTIVE);
  }
  transientNetworks(): Promise<Set<string>> {
    return this.list('ListNetworks', LIST_TRANSIENT);
  }

  /** State and taps of every domain, by name. */
  async states(): Promise<Map<string, ListedState>> {
    const [records] = await this.connect('GetAllDomainStats', 'uu', [
      STATS_STATE | STATS_INTERFACE,
      STATS_NOWAIT,
    ]);
    const states = new Map<string, ListedState>();
    for (const record of arrayOf(records)) {
      const [name, stats] = arrayOf(record);
      if (typeof name === 'string') states.set(name, listedState(stats));
    }
    return states;
  }

  domainXml(uuid: string): Promise<string> {
    return this.xml('Domain', uuid);
  }
  networkXml(uuid: string): Promise<string> {
    return this.xml('Network', uuid);
  }

  async domainState(uuid: string): Promise<{ state: number; reason: number }> {
    const [reply] = await this.object('Domain', uuid, 'GetState', 'u', [0]);
    const [state, reason] = arrayOf(reply);
    return { state: numberOf(state), reason: numberOf(reason) };
  }

  /** Whether the job that runs on the domain is a migration. */
  async migrates(uuid: string): Promise<boolean> {
    const [reply] = await this.object('Domain', uuid, 'GetJobStats', 'u', [0]);
    const [type, stats] = arrayOf(reply);
    return numberOf(type) !== 0 && isMigration(numberOf(entry(stats, 'operation')));
  }

  async leases(uuid: string): Promise<Lease[]> {
    const [reply] = await this.object('Network', uuid, 'GetDHCPLeases', 'su', ['', 0]);
    return arrayOf(reply)
      .slice(0, LEASES_MAX)
      .flatMap((lease) => leaseOf(arrayOf(lease)));
  }

  private async list(member: string, flags: number): Promise<Set<string>> {
    const [paths] = await this.connect(member, 'u', [flags]);
    return new Set(arrayOf(paths).flatMap((path) => uuidOfPath(path) ?? []));
  }

  private async xml(kind: 'Domain' | 'Network', uuid: string): Promise<string> {
    const [xml] = await this.object(kind, uuid, 'GetXMLDesc', 'u', [0]);
    if (typeof xml !== 'string') throw new LibvirtError('libvirt', 'GetXMLDesc answered without a text');
    return xml;
  }

  private connect(member: string, signature: string, body: unknown[]): Promise<unknown[]> {
    return this.call({ path: ROOT, interface: 'org.libvirt.Connect', member, signature, body });
  }

  private object(
    kind: 'Domain' | 'Network',
    uuid: string,
    member: string,
    signature: string,
    body: unknown[],
  ) {
    const path = `${ROOT}/${kind.toLowerCase()}/_${uuid.replaceAll('-', '_')}`;
    return this.call({ path, interface: `org.libvirt.${kind}`, member, signature, body });
  }

  private call(call: Call): Promise<unknown[]> {
    this.count();
    return this.session.call(call);
  }
}

/** `/org/libvirt/QEMU/domain/_UUID_with_underscores` → UUID; null where it is no such path. */
export function uuidOfPath(path: unknown): string | null {
  const last = typeof path === 'string' ? path.slice(path.lastIndexOf('/') + 1) : '';
  return uuidOf(last.replace(/^_/, '').replaceAll('_', '-'));
}

function listedState(stats: unknown): ListedState {
  const count = Math.min(numberOf(entry(stats, 'net.count')), 1024);
  const taps = Array.from({ length: count }, (_, index) => entry(stats, `net.${index}.name`));
  return {
    state: numberOf(entry(stats, 'state.state')),
    reason: numberOf(entry(stats, 'state.reason')),
    taps: taps.filter((tap): tap is string => typeof tap === 'string').sort(),
  };
}

function leaseOf([, expires, , mac, , address, , hostname]: unknown[]): Lease[] {
  const validMac = macOf(typeof mac === 'string' ? mac : null);
  const validAddress = addressOf(typeof address === 'string' ? address : null);
  if (validMac === null || validAddress === null) return [];
  const name = typeof hostname === 'string' && hostname !== '' ? hostname.slice(0, 255) : null;
  return [{ mac: validMac, address: validAddress, hostname: name, expires: timeOf(numberOf(expires)) }];
}

function timeOf(seconds: number): string | null {
  return seconds > 0 && seconds < 2 ** 33 ? new Date(seconds * 1000).toISOString() : null;
}

function entry(dictionary: unknown, key: string): unknown {
  if (typeof dictionary !== 'object' || dictionary === null || !Object.hasOwn(dictionary, key))
    return undefined;
  let value: unknown = Reflect.get(dictionary, key);
  // libvirt-dbus 1.4 puts a variant inside a variant.
  while (value instanceof Variant) value = value.value;
  return value;
}

function arrayOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function numberOf(value: unknown): number {
  const number = typeof value === 'bigint' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : 0;
}
