// A place of its own for a real vmoat-dp: two network namespaces joined by a veth pair, and a bpffs.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VMOAT_DP } from '../programs.ts';

/** Whether this test may run: with VMOAT_REQUIRE=all it runs, and fails, without root too. */
export const hasLab = process.getuid?.() === 0 || process.env.VMOAT_REQUIRE === 'all';

const ip = (...args: string[]): string => execFileSync('ip', args, { encoding: 'utf8' });

export interface Dp {
  child: ChildProcess;
  /** What it wrote so far, both streams. */
  output: () => string;
  exited: Promise<number | NodeJS.Signals | null>;
}

export class Lab {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'vmoat-wire-'));
  readonly socket: string = join(this.folder, 'dp.sock');
  readonly pins: string;
  /** What vmoat-dp keeps. */
  readonly state: string = join(this.folder, 'state');
  /** Where vmoat-dp runs; the tap `vmtap0` is here. */
  readonly hostNs: string;
  /** Where the "guest" is; its end of the pair is `eth0`, 10.77.0.2 against 10.77.0.1. */
  readonly guestNs: string;
  readonly #bpffs: string;
  readonly #running = new Set<ChildProcess>();

  constructor(prefix: string) {
    this.hostNs = `${prefix}-host-${process.pid}`;
    this.guestNs = `${prefix}-guest-${process.pid}`;
    this.#bpffs = join(this.folder, 'bpf');
    this.pins = join(this.#bpffs, 'vmoat');
    mkdirSync(this.#bpffs);
  }

  open(): void {
    execFileSync('mount', ['-t', 'bpf', 'bpf', this.#bpffs]);
    for (const name of [this.hostNs, this.guestNs]) ip('netns', 'add', name);
    ip(
      '-n',
      this.hostNs,
      'link',
      'add',
      'vmtap0',
      'type',
      'veth',
      'peer',
      'name',
      'eth0',
      'netns',
      this.guestNs,
    );
    ip('-n', this.hostNs, 'address', 'add', '10.77.0.1/24', 'dev', 'vmtap0');
    ip('-n', this.guestNs, 'address', 'add', '10.77.0.2/24', 'dev', 'eth0');
    ip('-n', this.hostNs, 'link', 'set', 'vmtap0', 'up');
    ip('-n', this.guestNs, 'link', 'set', 'eth0', 'up');
  }

  /** Ends what runs and takes everything down; safe after a half-done open(). */
  async close(): Promise<void> {
    for (const child of this.#running) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    for (const name of [this.hostNs, this.guestNs]) quietly(() => ip('netns', 'delete', name));
    quietly(() => execFileSync('umount', [this.#bpffs], { stdio: 'ignore' }));
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Starts vmoat-dp in the host's namespace with this lab's socket and pins. */
  dp(...flags: string[]): Dp {
    const argv = ['netns', 'exec', this.hostNs, process.execPath, VMOAT_DP];
    const places = ['--socket', this.socket, '--pins', this.pins, '--state', this.state];
    const own = [...places, '--user', '0', '--tap', 'vmtap*'];
    const child = spawn('ip', [...argv, ...own, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#running.add(child);
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        text += chunk;
      });
    const exited = once(child, 'close').then(([code, signal]) => {
      this.#running.delete(child);
      return signal ?? code;
    });
    return { child, output: () => text, exited };
  }

  /** The guest pings the host's end. */
  ping(count: number): void {
    execFileSync('ip', [
      'netns',
      'exec',
      this.guestNs,
      'ping',
      '-q',
      '-i',
      '0.05',
      '-c',
      String(count),
      '10.77.0.1',
    ]);
  }

  /** The guest tries ports of the host's end where nobody listens; a connection each, refused at once. */
  refusedConnections(ports: readonly number[]): void {
    const each = ports.map((port) => `(exec 3<>/dev/tcp/10.77.0.1/${port}) 2>/dev/null`).join('; ');
    execFileSync('ip', ['netns', 'exec', this.guestNs, 'bash', '-c', `${each}; true`]);
  }

  /** Names pinned below this lab's root, all levels. */
  pinned(): string[] {
    const below = (folder: string): string[] =>
      readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
        entry.isDirectory() ? below(join(folder, entry.name)) : [join(folder, entry.name)],
      );
    return existsSync(this.pins) ? below(this.pins) : [];
  }

  /** Programs on the tap as the kernel lists them, TCX and clsact alike. */
  hooks(): string {
    return execFileSync('ip', ['netns', 'exec', this.hostNs, 'tc', 'qdisc', 'show', 'dev', 'vmtap0'], {
      encoding: 'utf8',
    });
  }
}

function quietly(action: () => unknown): void {
  try {
    action();
  } catch {
    // Taken down already, or never made.
  }
}
