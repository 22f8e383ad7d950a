// A bridge with four ends in network namespaces of their own, for rulesets to be loaded and real packets to be sent.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { until } from '../hostd/until.ts';

export interface End {
  name: string;
  mac: string;
  address: string;
}

export interface Datagram {
  from: End;
  to: End;
  port: number;
  id: number;
}

/** Binds its ports, says so, then sends what it is told and prints the ids of what it gets. */
const AGENT = `
const { createSocket } = require('node:dgram');
const { createInterface } = require('node:readline');
const ports = JSON.parse(process.argv[1]);
let open = 0;
for (const port of ports) {
  const socket = createSocket('udp4');
  socket.on('message', (message) => console.log('got ' + message));
  socket.bind(port, () => ++open === ports.length && console.log('ready'));
}
createInterface({ input: process.stdin }).on('line', (line) => {
  const { to, port, id } = JSON.parse(line);
  const socket = createSocket('udp4');
  socket.send(String(id), port, to, (error) => {
    if (error) console.log('failed ' + id + ' ' + error.message);
    socket.close();
  });
});
`;

const TRACKING = `table bridge probe { chain c { type filter hook forward priority 0; ct state established accept; } }
delete table bridge probe
`;

const ip = (...args: string[]): string => execFileSync('ip', args, { encoding: 'utf8' });

export class BridgeLab {
  readonly arrived = new Set<number>();
  readonly #ends: readonly End[];
  readonly #ports: readonly number[];
  readonly #agents = new Map<string, ChildProcess>();
  readonly #failures: string[] = [];
  #tracks: boolean | null = null;

  constructor(ends: readonly End[], ports: readonly number[]) {
    this.#ends = ends;
    this.#ports = ports;
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

  send({ from, to, port, id }: Datagram): void {
    this.#agents.get(from.name)?.stdin?.write(`${JSON.stringify({ to: to.address, port, id })}\n`);
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
    for (const agent of this.#agents.values()) {
      agent.kill();
      if (agent.exitCode === null && agent.signalCode === null) await once(agent, 'exit');
    }
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

  /** Static entries everywhere: no ARP, and no frame at a port where it does not belong. */
  #addEnd(end: End): void {
    const ns = this.#nsOf(end);
    const port = `p-${end.name}`;
    this.#addNamespace(ns);
    ip('-n', this.bridgeNs, 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', ns);
    ip('-n', this.bridgeNs, 'link', 'set', port, 'master', 'br0', 'up');
    ip('-n', ns, 'link', 'set', 'eth0', 'address', end.mac, 'up');
    ip('-n', ns, 'address', 'add', `${end.address}/24`, 'dev', 'eth0');
    for (const other of this.#ends)
      if (other !== end)
        ip(
          '-n',
          ns,
          'neigh',
          'replace',
          other.address,
          'lladdr',
          other.mac,
          'dev',
          'eth0',
          'nud',
          'permanent',
        );
    const inBridge = ['netns', 'exec', this.bridgeNs, 'bridge'];
    ip(...inBridge, 'fdb', 'replace', end.mac, 'dev', port, 'master', 'static');
    ip(...inBridge, 'link', 'set', 'dev', port, 'flood', 'off', 'learning', 'off');
  }

  async #startAgent(end: End): Promise<void> {
    const argv = [
      'netns',
      'exec',
      this.#nsOf(end),
      process.execPath,
      '-e',
      AGENT,
      JSON.stringify(this.#ports),
    ];
    const agent = spawn('ip', argv, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#agents.set(end.name, agent);
    let ready = false;
    createInterface({ input: agent.stdout }).on('line', (line) => {
      if (line === 'ready') ready = true;
      else if (line.startsWith('got ')) this.arrived.add(Number(line.slice(4)));
      else this.#failures.push(line);
    });
    await until(() => ready || agent.exitCode !== null, 60_000);
  }
}

type Expression = { counter?: { packets: number }; drop?: null };
