// The status: what every part says of itself, put together.
import type { LibvirtWatch } from '../libvirt-watch/types.ts';
import type { Status } from './api/schema.ts';
import type { Clock } from './base/clock.ts';
import { VERSION } from './base/version.ts';
import { CpuMeter } from './dataplane/cpu-meter.ts';
import type { Dataplane } from './dataplane/dataplane.ts';
import type { History } from './history/history.ts';
import type { Inventory } from './inventory/inventory.ts';
import { isRunning } from './inventory/workload-view.ts';
import type { Names } from './names/names.ts';
import type { Policy } from './policy/policy.ts';
import type { Threats } from './threats/threats.ts';
import type { Traffic } from './traffic/traffic.ts';

export interface StatusSources {
  clock: Clock;
  dataplane: Dataplane;
  inventory: Inventory;
  traffic: Traffic;
  threats: Threats;
  names: Names;
  history: History;
  watch: LibvirtWatch;
  policy: Policy;
}

const MEASURE_MS = 1000;
const iso = (time_ms: number): string => new Date(time_ms).toISOString();

export class StatusBoard {
  readonly #sources: StatusSources;
  readonly #cpu = new CpuMeter();
  readonly #since: number;
  readonly #stop: () => void;
  readonly #losses: (() => Record<string, number>)[] = [];

  constructor(sources: StatusSources) {
    this.#sources = sources;
    this.#since = sources.clock.now();
    this.#stop = sources.clock.every(MEASURE_MS, () => this.#measure());
    const { traffic, threats, names, history, inventory } = sources;
    for (const part of [traffic, threats, names, history, inventory]) this.addLoss(() => part.lost);
    this.#measure();
  }

  stop(): void {
    this.#stop();
  }

  addLoss(loss: () => Record<string, number>): void {
    this.#losses.push(loss);
  }

  status(): Status {
    const workloads = this.#sources.inventory.workloads();
    const running = workloads.filter(isRunning).length;
    const { status } = this.#sources.dataplane.state;
    return {
      version: VERSION,
      at: iso(this.#sources.clock.now()),
      libvirt: this.#libvirt(workloads.length),
      dataplane: this.#dataplane(),
      policy: this.#policy(),
      hostd: this.#hostd(),
      nics: nicCounts(this.#sources.inventory.nics()),
      workloads: { total: workloads.length, running },
      threats: this.#sources.threats.open,
      lost: this.lost(),
      anomalies: status?.anomalies ?? {},
    };
  }

  /** What was lost by cause, since the start of whoever lost it. */
  lost(): Record<string, number> {
    const { status } = this.#sources.dataplane.state;
    return Object.assign({}, status?.lost, ...this.#losses.map((loss) => loss()));
  }

  #libvirt(domains: number): Status['libvirt'] {
    const { state, since, reason, reconnects } = this.#sources.watch.connection;
    return { state, since, reason, reconnects, domains };
  }

  #dataplane(): Status['dataplane'] {
    const { state, since, reason, welcome, reconnects, status, cpuPercent } = this.#sources.dataplane.state;
    const use = status && { pid: status.use.pid, cpuPercent, residentBytes: status.use.residentBytes };
    return {
      state,
      since: iso(since),
      reason,
      version: welcome?.version ?? null,
      instance: welcome?.instance ?? null,
      reconnects,
      use,
      fallback: welcome?.fallback ?? null,
      workers: status?.workers ?? [],
      flows: status?.flows ?? null,
      enforces: status?.enforces ?? null,
      panic: status?.panic ?? null,
      tapToPolicy: status?.tapToPolicy ?? null,
    };
  }

  #policy(): Status['policy'] {
    const { versions, tables } = this.#sources.policy;
    const { status } = this.#sources.dataplane.state;
    const learned = tables.rules.filter((rule) => rule.learned).length;
    return {
      version: versions.live.version,
      rules: tables.rules.length - learned,
      learned,
      generation: tables.generation,
      inForce: status?.policy?.generation ?? null,
      compileMs: status?.policy?.compileMs ?? null,
      refused: status?.policy?.refused?.reason ?? null,
      confirmBy: versions.pending && iso(versions.pending.deadline),
    };
  }

  #hostd(): Status['hostd'] {
    const { rows, bytes } = this.#sources.history.stats;
    const use = { pid: process.pid, cpuPercent: this.#cpu.percent, residentBytes: process.memoryUsage.rss() };
    return { use, since: iso(this.#since), historyRows: rows, historyBytes: bytes };
  }

  #measure(): void {
    const { user, system } = process.cpuUsage();
    this.#cpu.take((user + system) / 1e6, this.#sources.clock.now());
  }
}

function nicCounts(nics: readonly { hook: string }[]): Status['nics'] {
  const byHook: Record<string, number> = {};
  for (const { hook } of nics) byHook[hook] = (byHook[hook] ?? 0) + 1;
  const untapped = byHook.none ?? 0;
  return { tapped: nics.length - untapped, untapped, byHook };
}
