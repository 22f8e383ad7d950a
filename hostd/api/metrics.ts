// /metrics for Prometheus: what `vmoat status` says, as gauges and counters.
import { Counter, Gauge, Registry } from 'prom-client';
import type { ThreatTotal } from '../threats/threats.ts';
import type { Status } from './schema.ts';

export const METRICS_PATH = '/metrics';

export class Metrics {
  readonly #registry = new Registry();
  readonly #read: () => void;

  constructor(status: () => Status, threatTotals: () => Iterable<ThreatTotal>) {
    const gauge = (name: string, help: string, labelNames: string[] = []) =>
      new Gauge({ name: `vmoat_${name}`, help, labelNames, registers: [this.#registry] });
    const counter = (name: string, help: string, labelNames: string[] = []) =>
      new Counter({ name: `vmoat_${name}`, help, labelNames, registers: [this.#registry] });
    const up = gauge('connected', '1 while the connection stands', ['to']);
    const nics = gauge('nics', 'NICs by hook; none: not tapped', ['hook']);
    const workloads = gauge('workloads', 'VMs', ['state']);
    const sessions = gauge('sessions', 'sessions that the engine holds');
    const cpu = gauge('cpu_percent', 'percent of one core', ['process']);
    const resident = gauge('resident_bytes', 'resident memory', ['process']);
    const history = gauge('history_bytes', 'size of the flow history');
    const lost = counter('lost_total', 'what was lost, by cause', ['cause']);
    const threats = counter('threats_total', 'incidents, since vmoat-hostd started', ['name', 'severity']);
    const open = gauge('threats_open', 'incidents that nobody has acknowledged', ['severity']);
    this.#read = () => {
      const now = status();
      up.set({ to: 'libvirt' }, Number(now.libvirt.state === 'connected'));
      up.set({ to: 'dataplane' }, Number(now.dataplane.state === 'connected'));
      nics.reset();
      for (const [hook, count] of Object.entries(now.nics.byHook)) nics.set({ hook }, count);
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

  async text(): Promise<string> {
    this.#read();
    return this.#registry.metrics();
  }
}
