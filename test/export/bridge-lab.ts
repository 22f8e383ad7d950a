// A bridge with four ends in network namespaces of their own, for rulesets to be loaded and real packets to be sent.
import { execFileSync, spawnSync } from 'node:child_process';
import { until } from '../hostd/until.ts';
import { FrameAgent, VETH_PORT } from './frame-agent.ts';
import { type End, frameOf, type Packet } from './packet.ts';

const TRACKING = `table bridge probe { chain c { type filter hook forward priority 0; ct state established accept; } }
delete table bridge probe
`;

const ip = (...args: string[]): string => execFileSync('ip', args, { encoding: 'utf8' });

export class BridgeLab {
  readonly arrived = new Set<number>();
  readonly #ends: readonly End[];
  readonly #agents = new Map<string, FrameAgent>();
  readonly #failures: string[] = [];
  #tracks: boolean | null = null;

  constructor(ends: readonly End[]) {
    this.#ends = ends;
  }

  get bridgeNs(): string {
    return `vmoat-export-${process.pid}`;
  }

  async open(): Promise<void> {
    this.#addNamespace(this.bridgeNs);
    ip('-n', this.bridgeNs, 'link', 'add', 'br0', 'type', 'bridge', 'mcast_snooping', '0');
    ip('-n', this.bridgeNs, 'link', 'set', 'br0', 'up');
    for (const end of this.#ends) this.#addEnd(end);
    for (const end of this.#ends) await this.#startAgent(end);
  }

  /** Replaces the table of vmoat. Where the kernel tracks no connections on bridges, without the lines for replies. */
  load(ruleset: string): void {
    this.#tracks ??= this.#nft(TRACKING) === '';
    const failure = this.#nft(this.#tracks ? ruleset : ruleset.replace(/^\s*ct state .*$/gm, ''));
    if (failure) throw new Error(`${failure}\n${ruleset}`);
  }

  /** What nft has to complain of. */
  #nft(input: string): string {
    const argv = ['netns', 'exec', this.bridgeNs, 'nft', '-f', '-'];
    const { status, stderr } = spawnSync('ip', argv, { input, encoding: 'utf8' });
    return status === 0 ? '' : stderr || `nft ended with ${status}`;
  }

  send(packet: Packet): void {
    this.#agents.get(packet.from.name)?.send(frameOf(packet));
  }

  /** Waits until as many have arrived and been dropped, and nothing failed to be sent. */
  async settle(arriving: number, dropping: number): Promise<void> {
    await until(
      () => this.#failures.length > 0 || (this.arrived.size >= arriving && this.dropped() >= dropping),
      60_000,
    ).catch(() => undefined);
    if (this.#failures.length) throw new Error(this.#failures.join('\n'));
  }

  /** What the ruleset's counters say. */
  dropped(): number {
    const text = execFileSync(
      'ip',
      ['netns', 'exec', this.bridgeNs, 'nft', '-j', 'list', 'chain', 'bridge', 'vmoat', 'decide'],
      { encoding: 'utf8' },
    );
    const { nftables } = JSON.parse(text) as { nftables: { rule?: { expr: Expression[] } }[] };
    const drops = nftables.flatMap(({ rule }) =>
      rule?.expr.some((one) => 'drop' in one) ? [rule.expr] : [],
    );
    return drops.flat().reduce((sum, { counter }) => sum + (counter?.packets ?? 0), 0);
  }

  async close(): Promise<void> {
    for (const agent of this.#agents.values()) await agent.close();
    for (const name of [...this.#ends.map((end) => this.#nsOf(end)), this.bridgeNs])
      try {
        ip('netns', 'del', name);
      } catch {
        // It was never made.
      }
  }

  #nsOf({ name }: End): string {
    return `${this.bridgeNs}-${name}`;
  }

  /** Without IPv6 nobody speaks but those who are told to. */
  #addNamespace(name: string): void {
    ip('netns', 'add', name);
    for (const scope of ['all', 'default'])
      ip('netns', 'exec', name, 'sh', '-c', `echo 1 > /proc/sys/net/ipv6/conf/${scope}/disable_ipv6`);
  }

  /** Static entries: no frame at a port where it does not belong. */
  #addEnd(end: End): void {
    const ns = this.#nsOf(end);
    const port = `p-${end.name}`;
    this.#addNamespace(ns);
    ip('-n', this.bridgeNs, 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', ns);
    ip('-n', this.bridgeNs, 'link', 'set', port, 'master', 'br0', 'up');
    ip('-n', ns, 'link', 'set', 'eth0', 'address', end.mac, 'up');
    const inBridge = ['netns', 'exec', this.bridgeNs, 'bridge'];
    ip(...inBridge, 'fdb', 'replace', end.mac, 'dev', port, 'master', 'static');
    ip(...inBridge, 'link', 'set', 'dev', port, 'flood', 'off', 'learning', 'off');
  }

  async #startAgent(end: End): Promise<void> {
    const agent = new FrameAgent(['ip', 'netns', 'exec', this.#nsOf(end)], VETH_PORT, {
      got: (id) => this.arrived.add(id),
      failed: (why) => this.#failures.push(why),
    });
    this.#agents.set(end.name, agent);
    await agent.ready();
  }
}

type Expression = { counter?: { packets: number }; drop?: null };
