// How long a new guest's tap waits for its policy: a real vmoat-dp and a real vmoat-hostd, a libvirt of plain maps
// that says whose a tap is as soon as it is there, and a hundred guests in protect beside it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Status } from '../../hostd/api/schema.ts';
import { adminSocket } from '../../hostd/base/admin-socket.ts';
import { silentLog } from '../../hostd/base/log.ts';
import { ConfigSchema } from '../../hostd/config/schema.ts';
import { type Daemon, startDaemon } from '../../hostd/daemon.ts';
import { domainOf, FakeLibvirt, uuidOf } from '../../libvirt-watch/fake-libvirt.ts';
import { askSocket } from '../hostd/ask.ts';
import { until } from '../hostd/until.ts';
import { Lab } from '../wire/lab.ts';
import type { Bench, BenchContext, Row } from './row.ts';

const THERE = 100;
/** Guests that arrive in one round. */
const ARRIVALS = 20;
const PROGRAM = fileURLToPath(new URL('../../build/release/bench_arrive', import.meta.url));
const POLICY = `version: vmoat/v1
groups:
  - { name: web, match: [{ name: { prefix: web } }], mode: protect }
rules:
  - { id: ping, from: any, to: web, ports: [icmp], action: allow }
`;

/** What the program says, a line each. */
interface Said {
  made?: string;
  gone?: string;
  value?: number;
}

class Host {
  readonly lab = new Lab('arr');
  readonly libvirt = new FakeLibvirt();
  readonly config = ConfigSchema.parse({
    stateDir: join(this.lab.folder, 'hostd'),
    sockets: { api: join(this.lab.folder, 'api.sock'), dataplane: this.lab.socket },
    web: { listen: '127.0.0.1:0' },
  });
  #hostd: Daemon | null = null;

  /** Every guest is defined, none runs, and the policy is live. */
  async open(enforcer: string): Promise<void> {
    this.lab.open();
    for (let number = 1; number <= THERE + 1; number++) this.libvirt.domains.set(uuidOf(number), off(number));
    this.#hostd = await startDaemon(this.config, silentLog, this.libvirt);
    this.lab.dp('--enforce', 'on', '--enforcer', enforcer);
    await until(async () => (await this.#status())?.dataplane.state === 'connected', 60_000);
    const body = { text: POLICY, base: 0 };
    const answer = await askSocket(adminSocket(this.config.sockets.api), '/api/v1/policy', {
      method: 'POST',
      body,
    });
    if (answer.status !== 200) throw new Error(`the policy is refused: ${JSON.stringify(answer.json)}`);
    await until(async () => (await this.#status())?.policy.inForce, 60_000);
  }

  async close(): Promise<void> {
    await this.#hostd?.stop();
    await this.lab.close();
  }

  /** Of each guest that arrives, ms. */
  async *times(arrivals: number): AsyncGenerator<number> {
    const argv = ['netns', 'exec', this.lab.hostNs, PROGRAM, this.lab.pins, String(THERE), String(arrivals)];
    const child = spawn('ip', argv, { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(child, 'close');
    for await (const line of createInterface({ input: child.stdout })) {
      const { made, gone, value } = JSON.parse(line) as Said;
      if (made) this.#switch(made, true);
      if (gone) this.#switch(gone, false);
      if (value !== undefined) yield value;
    }
    const [code] = await ended;
    if (code !== 0) throw new Error(`bench_arrive ended with ${code}; it needs root and ip(8)`);
  }

  /** libvirt's part: the guest runs behind this tap, or does not run. */
  #switch(tap: string, runs: boolean): void {
    const number = Number(tap.slice('vnet'.length));
    const uuid = uuidOf(number);
    this.libvirt.domains.set(uuid, runs ? { ...off(number), state: 1, taps: [tap] } : off(number));
    this.libvirt.signal('DomainEvent', uuid);
  }

  async #status(): Promise<Status | null> {
    const answer = await askSocket(this.config.sockets.api, '/api/v1/status').catch(() => null);
    const status = Status.safeParse(answer?.json);
    return status.success ? status.data : null;
  }
}

const off = (number: number) =>
  domainOf(`web-${number}`, {
    state: 5,
    macs: [`52:54:00:00:${byte(number >> 8)}:${byte(number & 255)}`],
  });
const byte = (value: number): string => value.toString(16).padStart(2, '0');

/** The least value that this share of all does not exceed. */
const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN;

function* rowsOf(variant: string, times: readonly number[]): Generator<Row> {
  const sorted = times.toSorted((a, b) => a - b);
  for (const [name, share] of Object.entries({ p50: 0.5, p95: 0.95, max: 1 }))
    yield {
      ...{ bench: 'arrive', metric: `tap to policy ${name}`, variant, baseline: '', unit: 'ms' },
      ...{ value: quantile(sorted, share), ratio: null, runs: sorted.length },
    };
}

async function* run({ rounds, log }: BenchContext): AsyncGenerator<Row> {
  for (const enforcer of ['splice', 'inplace']) {
    const host = new Host();
    const times: number[] = [];
    try {
      await host.open(enforcer);
      log(`arrive: ${rounds * ARRIVALS} guests beside ${THERE}, ${enforcer}`);
      for await (const time of host.times(rounds * ARRIVALS)) times.push(time);
    } finally {
      await host.close();
    }
    yield* rowsOf(`${enforcer}, ${THERE} NICs`, times);
  }
}

export const arrive: Bench = {
  name: 'arrive',
  describe: 'from a new tap to its policy, beside a hundred guests in protect (needs root)',
  run,
};
