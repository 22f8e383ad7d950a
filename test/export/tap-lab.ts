// A bridge whose ports are taps, in the namespace of a private libvirt: what a filter of a NIC stands before.

import { until } from '../hostd/until.ts';
import type { PrivateLibvirt } from '../libvirt/private-libvirt.ts';
import { be16, bytes, hex } from '../pcap/frames.ts';
import { FrameAgent, tapPort } from './frame-agent.ts';
import { frameOf, type Packet } from './packet.ts';

/** Some ends may be behind one port. */
export interface Port {
  name: string;
  mac: string;
  /** Whether it gets what goes to many. */
  many: boolean;
}

/** For local experiments (IEEE 802): nothing judges it. */
const MARK_TYPE = 0x88b5;
const MARKS_FROM = 1_000_000;

export class TapLab {
  readonly arrived = new Set<number>();
  readonly #libvirt: PrivateLibvirt;
  readonly #ports: readonly Port[];
  readonly #agents = new Map<string, FrameAgent>();
  readonly #failures: string[] = [];
  #marks = MARKS_FROM;

  constructor(libvirt: PrivateLibvirt, ports: readonly Port[]) {
    this.#libvirt = libvirt;
    this.#ports = ports;
  }

  /** Without IPv6 of its own the bridge says nothing. */
  async open(): Promise<void> {
    const quiet = 'for each in all default; do echo 1 > /proc/sys/net/ipv6/conf/$each/disable_ipv6; done';
    await this.#libvirt.run('sh', '-c', quiet);
    await this.#ip('link', 'add', 'br0', 'type', 'bridge', 'mcast_snooping', '0');
    await this.#ip('link', 'set', 'br0', 'up');
    for (const port of this.#ports) await this.#add(port);
  }

  async close(): Promise<void> {
    for (const agent of this.#agents.values()) await agent.close();
  }

  send(port: string, packet: Packet): void {
    this.#agents.get(port)?.send(frameOf(packet));
  }

  /** Waits until those have arrived, and a mark from every port at every other, sent behind all that was sent. */
  async settle(wanted: readonly Packet[]): Promise<void> {
    const marks = this.#ports.flatMap((from) =>
      this.#ports.filter((to) => to !== from).map((to) => this.#mark(from, to)),
    );
    const awaited = [...wanted.map(({ id }) => id), ...marks];
    await until(() => this.#failures.length > 0 || awaited.every((id) => this.arrived.has(id)), 60_000).catch(
      () => undefined,
    );
    if (this.#failures.length) throw new Error(this.#failures.join('\n'));
  }

  #mark(from: Port, to: Port): number {
    const id = this.#marks++;
    const [target, source] = [to, from].map(({ mac }) => hex(mac.replaceAll(':', '')));
    const said = Buffer.from(`vmoat:${id}.`);
    this.#agents
      .get(from.name)
      ?.send(bytes(target ?? '', source ?? '', be16(MARK_TYPE), said, Buffer.alloc(46)));
    return id;
  }

  /** Static entries: no frame at a port where it does not belong. */
  async #add({ name, mac, many }: Port): Promise<void> {
    const tap = `tap-${name}`;
    // In its namespaces but that of processes, so that its end is the agent's.
    const agent = new FrameAgent(
      this.#libvirt.enter.filter((argument) => argument !== '-p'),
      tapPort(tap),
      { got: (id) => this.arrived.add(id), failed: (why) => this.#failures.push(why) },
    );
    this.#agents.set(name, agent);
    await agent.ready();
    await this.#ip('link', 'set', tap, 'master', 'br0', 'up');
    await this.#bridge('fdb', 'replace', mac, 'dev', tap, 'master', 'static');
    const flood = many ? 'on' : 'off';
    await this.#bridge('link', 'set', 'dev', tap, 'flood', 'off', 'learning', 'off', 'mcast_flood', flood);
    await this.#bridge('link', 'set', 'dev', tap, 'bcast_flood', flood);
  }

  readonly #ip = (...args: string[]): Promise<string> => this.#libvirt.run('ip', ...args);
  readonly #bridge = (...args: string[]): Promise<string> => this.#libvirt.run('bridge', ...args);
}
