// What another policy costs a host whose guests talk: 20,000 rules among 1,000 identities sent over vmoat-dp's own
// socket while frames pass real taps; how long until it says that they are in force, and what came through meanwhile.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DataplaneClient } from '../../dp/client/dataplane-client.ts';
import type { PolicyTables } from '../../dp/contract/policy.ts';
import type { DpStatus } from '../../dp/contract/protocol.ts';
import { type BenchContext, median, type Row } from './row.ts';

const LOADS = [
  { load: 'conn', unit: 'connections/s' },
  { load: 'udp', unit: 'packets/s' },
] as const;
/** To measure the load by itself. */
const BEFORE_MS = 1500;
/** A status comes every second. */
const STATUS_MS = 2500;

const place = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const now = () => Number(process.hrtime.bigint());

/** The load of bench_live, and how much of it got through until when. */
class Traffic {
  readonly child: ChildProcess;
  readonly #samples: { ns: number; done: number }[] = [];

  constructor(load: string) {
    this.child = spawn(place('build/release/bench_live'), [load], { stdio: ['ignore', 'pipe', 'inherit'] });
    if (!this.child.stdout) throw new Error('bench_live has no output');
    createInterface({ input: this.child.stdout }).on('line', (line) => this.#samples.push(JSON.parse(line)));
  }

  async flows(): Promise<void> {
    while ((this.#samples.at(-1)?.done ?? 0) === 0) {
      if (this.child.exitCode !== null) throw new Error('bench_live ended; it needs root and ip(8)');
      await sleep(20);
    }
  }
  /** A second, between two moments. */
  rate(from: number, to: number): number {
    const first = this.#samples.findLast(({ ns }) => ns <= from);
    const last = this.#samples.find(({ ns }) => ns >= to) ?? this.#samples.at(-1);
    if (!first || !last) return Number.NaN;
    return ((last.done - first.done) * 1e9) / (last.ns - first.ns);
  }
}

/** vmoat-dp itself, where the load's taps are. */
class Dp {
  readonly client: DataplaneClient;
  readonly #folder = mkdtempSync(join(tmpdir(), 'vmoat-bench-'));
  readonly #child: ChildProcess;
  #status: DpStatus | null = null;
  #taps = 0;

  constructor(neighbour: number) {
    const socket = join(this.#folder, 'dp.sock');
    const places = ['--socket', socket, '--pins', `/sys/fs/bpf/vmt-bench-live-${neighbour}`];
    const own = [...places, '--state', join(this.#folder, 'state'), '--tap', 'vmt-nic*', '--detach-on-exit'];
    const command = [`--net=/proc/${neighbour}/ns/net`, process.execPath, place('bin/vmoat-dp'), ...own];
    this.#child = spawn('nsenter', command, { stdio: ['ignore', 'ignore', 'inherit'] });
    this.client = new DataplaneClient({ socket, client: 'bench' });
    this.client.on('status', (status) => {
      this.#status = status;
    });
    this.client.on('nics', ({ nics }) => {
      this.#taps = nics.length;
    });
    this.client.start();
  }

  async until(met: () => boolean): Promise<void> {
    while (!met()) {
      if (this.#child.exitCode !== null) throw new Error('vmoat-dp ended');
      await sleep(1);
    }
  }
  ready(): Promise<void> {
    return this.until(() => this.#taps === 2 && this.#status !== null);
  }
  get lost(): number {
    const { ring = 0, budget = 0, table = 0, quota = 0, read = 0, sessions = 0 } = this.#status?.lost ?? {};
    return ring + budget + table + quota + read + sessions;
  }
  /** Until the tables are in force; ms of that which compiling took. */
  async swap(tables: PolicyTables): Promise<number> {
    this.client.policy(tables);
    await this.until(() => this.#status?.policy?.generation === tables.generation);
    return this.#status?.policy?.compileMs ?? Number.NaN;
  }
  async end(): Promise<void> {
    this.client.stop();
    if (this.#child.exitCode === null) {
      this.#child.kill('SIGTERM');
      await once(this.#child, 'exit');
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

interface Swap {
  live_ms: number;
  compile_ms: number;
  before: number;
  meanwhile: number;
  lost: number;
}

/** The load's two taps stand among the others. */
function withTaps(tables: PolicyTables, generation: number): PolicyTables {
  const nics = tables.nics.map((nic, i) => (i < 2 ? { ...nic, tap: `vmt-nic${i}` } : nic));
  return { ...tables, generation, nics };
}

async function swap(traffic: Traffic, dp: Dp, tables: PolicyTables): Promise<Swap> {
  await sleep(STATUS_MS);
  const lost = dp.lost;
  const begun = now();
  await sleep(BEFORE_MS);
  const sent = now();
  const compile_ms = await dp.swap(tables);
  const live = now();
  await sleep(STATUS_MS);
  return {
    live_ms: (live - sent) / 1e6,
    compile_ms,
    before: traffic.rate(begun, sent),
    meanwhile: traffic.rate(sent, live),
    lost: dp.lost - lost,
  };
}

async function swaps(load: string, tables: PolicyTables, rounds: number): Promise<Swap[]> {
  const traffic = new Traffic(load);
  let dp: Dp | null = null;
  try {
    await traffic.flows();
    dp = new Dp(traffic.child.pid ?? 0);
    await dp.ready();
    const done: Swap[] = [];
    // The first one is to warm up: there was no policy before it.
    for (let round = 0; round <= rounds; round++)
      done.push(await swap(traffic, dp, withTaps(tables, round + 1)));
    return done.slice(1);
  } finally {
    await dp?.end();
    traffic.child.kill('SIGKILL');
  }
}

export async function* liveRows({ rounds, log }: BenchContext, tables: PolicyTables): AsyncGenerator<Row> {
  for (const { load, unit } of LOADS) {
    log(`policy: ${rounds} swaps under ${load}`);
    const done = await swaps(load, tables, rounds);
    const of = (key: keyof Swap) => median(done.map((one) => one[key]));
    const row = { bench: 'policy', baseline: '', ratio: null, runs: done.length };
    const rate = { ...row, baseline: 'before', unit };
    const [metric, before] = [`live swap, ${load}`, of('before')];
    yield { ...row, metric, variant: 'sent until in force', value: of('live_ms'), unit: 'ms' };
    yield { ...row, metric, variant: 'of that compiling', value: of('compile_ms'), unit: 'ms' };
    yield { ...rate, metric, variant: 'before', value: before, ratio: 1 };
    const kept = median(done.map((one) => one.meanwhile / one.before));
    yield { ...rate, metric, variant: 'meanwhile', value: of('meanwhile'), ratio: kept };
    const lost = done.reduce((sum, one) => sum + one.lost, 0);
    yield { ...row, metric, variant: 'events the engine lost', value: lost, unit: 'in all' };
  }
}
