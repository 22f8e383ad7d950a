// A process that sends the frames that it is told and says which it gets: the guest's end of a port.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { until } from '../hostd/until.ts';

/**
 * Frames go to it in hex; ids of those it gets come back. Perl, which every Debian has: Node speaks neither AF_PACKET
 * nor the tap device. Nobody has an address, so nothing answers by itself. A port is a handle `$port` and `get`, which
 * gives the next frame.
 */
const agent = (port: string): string => `
use strict;
$| = 1;
${port}
print "ready\\n";
my $told = '';
for (;;) {
  my $ready = '';
  vec($ready, fileno(STDIN), 1) = 1;
  vec($ready, fileno($port), 1) = 1;
  select($ready, undef, undef, undef);
  if (vec($ready, fileno($port), 1)) {
    my $frame = get();
    print "got $1\\n" if $frame =~ /vmoat:([0-9]+)\\./;
  }
  next unless vec($ready, fileno(STDIN), 1);
  sysread(STDIN, $told, 65536, length $told) or exit;
  while ($told =~ s/^([0-9a-f]+)\\n//) {
    defined syswrite($port, pack('H*', $1)) or print "failed $!\\n";
  }
}
`;

/** The interface eth0 of the namespace that it runs in. What it sends itself it does not get. */
export const VETH_PORT = `
open(my $file, '<', '/sys/class/net/eth0/ifindex') or die "ifindex: $!";
my $ifindex = int(<$file>);
my ($family, $raw, $all, $outgoing) = (17, 3, 3, 4); # AF_PACKET, SOCK_RAW, ETH_P_ALL, PACKET_OUTGOING
socket(my $port, $family, $raw, unpack('S', pack('n', $all))) or die "socket: $!";
bind($port, pack('S n l S C C a8', $family, $all, $ifindex, 0, 0, 0, '')) or die "bind: $!";
sub get {
  my $from = recv($port, my $frame, 2048, 0);
  my (undef, undef, undef, undef, $kind) = unpack('S n l S C', $from);
  return $kind == $outgoing ? '' : $frame;
}
`;

/** A tap as QEMU holds it; it goes with the agent. */
export const tapPort = (tap: string): string => `
open(my $port, '+<', '/dev/net/tun') or die "tun: $!";
my ($setiff, $tap_without_header) = (0x400454ca, 0x1002); # TUNSETIFF, IFF_TAP | IFF_NO_PI
ioctl($port, $setiff, my $wish = pack('Z16 S x22', '${tap}', $tap_without_header)) or die "TUNSETIFF: $!";
sub get {
  sysread($port, my $frame, 2048);
  return $frame;
}
`;

export class FrameAgent {
  readonly #process: ChildProcess;
  readonly #ready: Promise<unknown>;

  /** `enter`: the command that runs another one where the port is. */
  constructor(
    enter: readonly string[],
    port: string,
    on: { got: (id: number) => void; failed: (why: string) => void },
  ) {
    const [command = '', ...args] = [...enter, 'perl', '-e', agent(port)];
    const started = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#process = started;
    let ready = false;
    createInterface({ input: started.stdout }).on('line', (line) => {
      if (line === 'ready') ready = true;
      else if (line.startsWith('got ')) on.got(Number(line.slice(4)));
      else on.failed(line);
    });
    this.#ready = until(() => ready || started.exitCode !== null, 60_000);
  }

  /** Resolves once it listens. */
  async ready(): Promise<void> {
    await this.#ready;
  }

  send(frame: Buffer): void {
    this.#process.stdin?.write(`${frame.toString('hex')}\n`);
  }

  async close(): Promise<void> {
    this.#process.kill();
    if (this.#process.exitCode === null && this.#process.signalCode === null)
      await once(this.#process, 'exit');
  }
}
