// A bridge with four ends in network namespaces of their own, for rulesets to be loaded and real packets to be sent.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { until } from '../hostd/until.ts';
import { type End, frameOf, type Packet } from './packet.ts';

/**
 * Says that it listens, then sends the frames that it is told, in hex, and prints the ids of those it gets. Perl, which
 * every Debian has: Node speaks no AF_PACKET. Nobody has an address, so nothing answers by itself.
 */
const AGENT = `
use strict;
$| = 1;
open(my $file, '<', '/sys/class/net/eth0/ifindex') or die "ifindex: $!";
my $ifindex = int(<$file>);
my ($family, $raw, $all, $outgoing) = (17, 3, 3, 4); # AF_PACKET, SOCK_RAW, ETH_P_ALL, PACKET_OUTGOING
socket(my $socket, $family, $raw, unpack('S', pack('n', $all))) or die "socket: $!";
bind($socket, pack('S n l S C C a8', $family, $all, $ifindex, 0, 0, 0, '')) or die "bind: $!";
print "ready\\n";
my $told = '';
for (;;) {
  my $ready = '';
  vec($ready, fileno(STDIN), 1) = 1;
  vec($ready, fileno($socket), 1) = 1;
  select($ready, undef, undef, undef);
  if (vec($ready, fileno($socket), 1)) {
    my $from = recv($socket, my $frame, 2048, 0);
    my (undef, undef, undef, undef, $kind) = unpack('S n l S C', $from);
    print "got $1\\n" if $kind != $outgoing && $frame =~ /vmoat:([0-9]+)\\./;
  }
  next unless vec($ready, fileno(STDIN), 1);
  sysread(STDIN, $told, 65536, length $told) or exit;
  while ($told =~ s/^([0-9a-f]+)\\n//) {
    defined send($socket, pack('H*', $1), 0) or print "failed $!\\n";
  }
}
`;

const TRACKING = `table bridge probe { chain c { type filter hook forward priority 0; ct state established accept; } }
delete table bridge probe
`;

const ip = (...args: string[]): string => execFileSync('ip', args, { encoding: 'utf8' });

export class BridgeLab {
  readonly arrived = new Set<number>();
  readonly #ends: readonly End[];
  readonly #agents = new Map<string, ChildProcess>();
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
    this.#agents.get(packet.from.name)?.stdin?.write(`${frameOf(packet).toString('hex')}\n`);
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
    const argv = ['netns', 'exec', this.#nsOf(end), 'perl', '-e', AGENT];
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
