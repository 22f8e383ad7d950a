// A libvirt of plain maps behind the Bus interface, and a clock turned by hand, for the tests of this room.
import { setImmediate as turn } from 'node:timers/promises';
import { LibvirtError, type LibvirtErrorCode } from './errors.ts';
import type { Bus, BusListener, BusSession, Call, Clock } from './types.ts';

export class FakeClock implements Clock {
  private time = Date.UTC(2026, 0, 1);
  private readonly timers = new Map<number, { at: number; callback: () => void }>();
  private last = 0;

  now(): number {
    return this.time;
  }

  setTimer(callback: () => void, ms: number): unknown {
    this.last += 1;
    this.timers.set(this.last, { at: this.time + ms, callback });
    return this.last;
  }

  clearTimer(timer: unknown): void {
    this.timers.delete(timer as number);
  }

  /** Lets the time pass, with all that timers and promises do meanwhile. */
  async pass(ms: number): Promise<void> {
    const end = this.time + ms;
    await settle();
    for (let next = this.next(end); next !== undefined; next = this.next(end)) {
      const timer = this.timers.get(next);
      this.timers.delete(next);
      this.time = Math.max(this.time, timer?.at ?? 0);
      timer?.callback();
      await settle();
    }
    this.time = end;
  }

  private next(end: number): number | undefined {
    const due = [...this.timers].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at);
    return due[0]?.[0];
  }
}

async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await turn();
}

export interface FakeDomain {
  name: string;
  state: number;
  persistent: boolean;
  title: string;
  macs: string[];
  /** What libvirt calls the tap of each, while the guest runs; none is said where it is not given. */
  taps?: string[];
}

export class FakeLibvirt implements Bus {
  readonly domains = new Map<string, FakeDomain>();
  readonly calls: Call[] = [];
  /** Every call fails with it, while set. */
  failure: LibvirtErrorCode | null = null;
  /** Connecting fails, while set. */
  down = false;
  /** Called before an answer is made: to let things happen in the middle of a look. */
  before: (call: Call) => void = () => undefined;
  private listener: BusListener | null = null;

  async connect(listener: BusListener): Promise<BusSession> {
    if (this.down) throw new LibvirtError('bus', 'no bus');
    this.listener = listener;
    listener.onOwner(':1.1');
    return { call: (call) => this.answer(call), close: () => undefined };
  }

  signal(member: string, uuid: string, interfaceName = 'org.libvirt.Connect'): void {
    const path = pathOf(uuid);
    this.listener?.onSignal({ sender: ':1.1', path, interface: interfaceName, member, body: [path, 0, 0] });
  }

  owner(name: string): void {
    this.listener?.onOwner(name);
  }

  dropConnection(): void {
    const listener = this.listener;
    this.listener = null;
    listener?.onClosed('the bus went away');
  }

  count(member: string): number {
    return this.calls.filter((call) => call.member === member).length;
  }

  private async answer(call: Call): Promise<unknown[]> {
    this.calls.push(call);
    this.before(call);
    if (this.listener === null) throw new LibvirtError('bus', 'closed');
    if (this.failure) throw new LibvirtError(this.failure, `fails with ${this.failure}`);
    if (call.member === 'ListDomains') return [this.listed(call.body?.[0] === 8).map(pathOf)];
    if (call.member === 'ListNetworks') return [[]];
    if (call.member === 'GetAllDomainStats') return [[...this.domains.values()].map(statsOf)];
    return this.domainAnswer(call);
  }

  private domainAnswer(call: Call): unknown[] {
    const found = [...this.domains].find(([uuid]) => pathOf(uuid) === call.path);
    if (!found) throw new LibvirtError('gone', 'Domain not found');
    const [uuid, domain] = found;
    return call.member === 'GetState' ? [[domain.state, 0]] : [xmlOf(uuid, domain)];
  }

  private listed(transient: boolean): string[] {
    return [...this.domains.keys()].filter(
      (uuid) => !transient || this.domains.get(uuid)?.persistent === false,
    );
  }
}

function pathOf(uuid: string): string {
  return `/org/libvirt/QEMU/domain/_${uuid.replaceAll('-', '_')}`;
}

function statsOf(domain: FakeDomain): unknown[] {
  return [domain.name, { 'state.state': domain.state, 'state.reason': 0 }];
}

function nicOf(mac: string, tap: string | undefined): string {
  const target = tap === undefined ? '' : `<target dev='${tap}'/>`;
  return `<interface type='bridge'><mac address='${mac}'/>${target}</interface>`;
}

function xmlOf(uuid: string, { name, state, title, macs, taps = [] }: FakeDomain): string {
  const nics = macs.map((mac, index) => nicOf(mac, taps[index])).join('');
  const id = state === 5 ? '' : " id='1'";
  return `<domain${id}><name>${name}</name><uuid>${uuid}</uuid><title>${title}</title><devices>${nics}</devices></domain>`;
}

export function uuidOf(number: number): string {
  return `00000000-0000-0000-0000-${number.toString(16).padStart(12, '0')}`;
}

export function domainOf(name: string, more: Partial<FakeDomain> = {}): FakeDomain {
  return { name, state: 1, persistent: true, title: 't', macs: ['52:54:00:00:00:01'], ...more };
}
