// A web server's answer without an end, and the tap that it comes by under watch: what of it came, and when none did.
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { type GuestHost, watchTap } from './plumbing.ts';
import { until } from './private-libvirt.ts';
import { CHUNK, type ShellGuest } from './shell-guest.ts';

export class Download {
  readonly #client: ShellGuest;
  readonly #server: ShellGuest;
  #watch: ChildProcess | null = null;
  #last_ms = 0;
  #stall_ms = 0;
  #frames = 0;

  private constructor(client: ShellGuest, server: ShellGuest) {
    this.#client = client;
    this.#server = server;
  }

  /** The client asks the server, whose address it is. */
  static async start(
    host: GuestHost,
    client: ShellGuest,
    server: ShellGuest,
    address: string,
  ): Promise<Download> {
    const [tap = ''] = await client.taps();
    const download = new Download(client, server);
    const filter = `tcp and src ${address} and src port 80`;
    download.#watch = await watchTap(host, tap, filter, (at_ms) => download.#seen(at_ms));
    await server.sh('rm -f /stop /chunks');
    await client.sh(
      `rm -f /sum; ( wget -q -O - http://${address}/cgi-bin/stream | md5sum > /sum.part; mv /sum.part /sum ) &`,
    );
    await until('the download has begun', () => download.#frames > 0);
    download.lap();
    return download;
  }

  #seen(at_ms: number): void {
    if (this.#last_ms > 0) this.#stall_ms = Math.max(this.#stall_ms, at_ms - this.#last_ms);
    this.#last_ms = at_ms;
    this.#frames++;
  }

  /** The longest time without a frame since the lap before, ms; one that goes on counts as far as it has got. */
  lap(): number {
    const open_ms = this.#last_ms > 0 ? Date.now() - this.#last_ms : 0;
    const stall_ms = Math.max(this.#stall_ms, open_ms);
    this.#stall_ms = 0;
    return Math.round(stall_ms);
  }

  /** Ends it: the sum that the client made of it, and the one of what the server sent. */
  async end(): Promise<{ sum: string; expected: string; megabytes: number }> {
    this.#watch?.kill();
    await this.#server.sh('touch /stop; while [ ! -e /chunks ]; do usleep 50000; done');
    const chunks = Number(await this.#server.sh('cat /chunks'));
    const sum = await this.#client.sh('while [ ! -e /sum ]; do usleep 50000; done; cut -c 1-32 /sum');
    const hash = createHash('md5');
    for (let chunk = 0; chunk < chunks; chunk++) hash.update(CHUNK);
    return { sum: sum.trim(), expected: hash.digest('hex'), megabytes: chunks };
  }
}
