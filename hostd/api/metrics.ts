// /metrics for Prometheus: what `vmoat status` says, as gauges and counters.
import { Counter, Gauge, Registry } from 'prom-client';
import type { ThreatTotal } from '../threats/threats.ts';
import type { Nic, Status } from './schema.ts';

export const METRICS_PATH = '/metrics';

type MakeGauge = (name: string, help: string, labelNames?: string[]) => Gauge;
type MakeCounter = (name: string, help: string, labelNames?: string[]) => Counter;

export class Metrics {
  readonly #registry = new Registry();
  readonly #read: () => void;

  constructor(status: () => Status, nics: () => readonly Nic[], threatTotals: () => Iterable<ThreatTotal>) {
    const gauge = (name: string, help: string, labelNames: string[] = []) =>
      new Gauge({ name: `vmoat_${name}`, help, labelNames, registers: [this.#registry] });
    const counter = (name: string, help: string, labelNames: string[] = []) =>
      new Counter({ name: `vmoat_${name}`, help, labelNames, registers: [this.#registry] });
    const up = gauge('connected', '1 while the connection stands', ['to']);
    const byHook = gauge('nics', 'NICs by hook; none: not tapped', ['hook']);
    const workloads = gauge('workloads', 'VMs', ['state']);
    const sessions = gauge('sessions', 'sessions that the engine holds');
    const cpu = gauge('cpu_percent', 'percent of one core', ['process']);
    const resident = gauge('resident_bytes', 'resident memory', ['process']);
    const history = gauge('history_bytes', 'size of the flow history');
    const lost = counter('lost_total', 'what was lost, by cause', ['cause']);
    const threats = counter('threats_total', 'incidents, since vmoat-hostd started', ['name', 'severity']);
    const open = gauge('threats_open', 'incidents that nobody has acknowledged', ['severity']);
    const protection = this.#protection(gauge, counter);
    this.#read = () => {
      const now = status();
      protection(now, nics());
      up.set({ to: 'libvirt' }, Number(now.libvirt.state === 'connected'));
      up.set({ to: 'dataplane' }, Number(now.dataplane.state === 'connected'));
      byHook.reset();
      for (const [hook, count] of Object.entries(now.nics.byHook)) byHook.set({ hook }, count);
      workloads.set({ state: 'running' }, now.workloads.running);
      workloads.set({ state: 'other' }, now.workloads.total - now.workloads.running);
      sessions.set(now.dataplane.flows?.sessions ?? 0);
      for (const [process, use] of [
        ['hostd', now.hostd.use],
        ['dp', now.dataplane.use],
      ] as const) {
        cpu.set({ process }, use?.cpuPercent ?? 0);
        resident.set({ process }, use?.residentBytes ?? 0);
      }
      history.set(now.hostd.historyBytes);
      threats.reset();
      for (const { name, severity, count } of threatTotals()) threats.inc({ name, severity }, count);
      for (const [severity, count] of Object.entries(now.threats)) open.set({ severity }, count);
      lost.reset();
      for (const [cause, count] of Object.entries(now.lost)) lost.inc({ cause }, count);
    };
  }

  #protection(gauge: MakeGauge, counter: MakeCounter): (now: Status, nics: readonly Nic[]) => void {
    const enforces = gauge('enforces', '1 while verdicts are carried out');
    const panic = gauge('panic', '1 while nothing is dropped or held on demand');
    const inline = gauge('nics_inline', 'NICs whose verdicts are carried out, by enforcer', ['enforcer']);
    const frames = counter('guarded_frames_total', 'frames of NICs in protect by cause, docs/protect.md', [
      ...['nic', 'way', 'cause'],
    ]);
    const waited = 'from the appearance of a tap until its policy was in';
    const count = counter('tap_to_policy_seconds_count', `taps that were timed ${waited}`);
    const sum = counter('tap_to_policy_seconds_sum', `seconds ${waited}`);
    const longest = gauge('tap_to_policy_seconds_max', `longest time ${waited}, seconds`);
    return ({ dataplane }, nics) => {
      const { nics: timed = 0, sumMs = 0, maxMs = 0 } = dataplane.tapToPolicy ?? {};
      enforces.set(Number(dataplane.enforces ?? false));
      panic.set(Number(dataplane.panic !== null));
      for (const made of [inline, frames, count, sum]) made.reset();
      count.inc(timed);
      sum.inc(sumMs / 1000);
      longest.set(maxMs / 1000);
      for (const { tap, protection } of nics) {
        if (tap === null || protection === null) continue;
        if (protection.enforcer !== null) inline.inc({ enforcer: protection.enforcer });
        for (const [cause, [fromNic, toNic]] of Object.entries(protection.frames)) {
          frames.inc({ nic: tap, way: 'from-nic', cause }, fromNic);
          frames.inc({ nic: tap, way: 'to-nic', cause }, toNic);
        }
      }
    };
  }

  async text(): Promise<string> {
    this.#read();
    return this.#registry.metrics();
  }
}
