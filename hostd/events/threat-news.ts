// New incidents as events: one a minute for what the same source repeats, a bounded number a minute of each severity.
import type { EventSubject, Severity, Threat, WorkloadRef } from '../api/schema.ts';
import type { Emit } from './events.ts';

const QUIET_MS = 60_000;
const EACH_SEVERITY_MAX = 60;
const GROUPS_MAX = 10_000;

export class ThreatNews {
  readonly #emit: Emit;
  /** Threat and source → when it was told last, and how many like it began since; the oldest first. */
  readonly #groups = new Map<string, { told: number; untold: number }>();
  readonly #minute = new Map<Severity, number>();
  #leftOut = 0;
  #worst: Severity = 'low';

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  /** A new incident. */
  take(threat: Threat, now_ms: number): void {
    const key = `${threat.name}\n${threat.source}`;
    const group = this.#groups.get(key);
    if (group && now_ms - group.told < QUIET_MS) {
      group.untold++;
      return;
    }
    const told = this.#minute.get(threat.severity) ?? 0;
    if (told >= EACH_SEVERITY_MAX) {
      this.#leaveOut(threat.severity);
      return;
    }
    this.#minute.set(threat.severity, told + 1);
    this.#remember(key, now_ms);
    this.#tell(threat, group?.untold ?? 0);
  }

  /** To be called each minute. */
  minute(): void {
    this.#minute.clear();
    if (this.#leftOut === 0) return;
    const text = `${this.#leftOut} more incidents began within a minute: vmoat threats lists them`;
    this.#emit('threats-left-out', { text, severity: this.#worst, data: { count: this.#leftOut } });
    this.#leftOut = 0;
    this.#worst = 'low';
  }

  #leaveOut(severity: Severity): void {
    this.#leftOut++;
    const order: Severity[] = ['low', 'medium', 'high', 'critical'];
    if (order.indexOf(severity) > order.indexOf(this.#worst)) this.#worst = severity;
  }

  #remember(key: string, now_ms: number): void {
    this.#groups.delete(key);
    this.#groups.set(key, { told: now_ms, untold: 0 });
    const [oldest] = this.#groups.keys();
    if (this.#groups.size > GROUPS_MAX && oldest !== undefined) this.#groups.delete(oldest);
  }

  #tell(threat: Threat, before: number): void {
    const { id, name, severity, src, dst, from, to, proto, dport, evidence, nic, flow } = threat;
    const ends = `${endText(from, src)} to ${endText(to, dst)}`;
    const text = `${name} from ${ends}${evidence && `: ${evidence}`}`;
    const data = { threat: name, src, dst, proto, port: dport, evidence, nic, flow, before };
    const subjects = [{ kind: 'threat' as const, id, name }, ...vmOf(from), ...vmOf(to)];
    this.#emit('threat', { text, severity, subjects, data });
  }
}

const endText = (ref: WorkloadRef | undefined, address: string | null): string =>
  ref && ref.name !== address ? `${ref.name}${address === null ? '' : ` (${address})`}` : (address ?? '-');

const vmOf = (ref: WorkloadRef | undefined): EventSubject[] =>
  ref?.kind === 'vm' ? [{ kind: 'vm', id: ref.id, name: ref.name }] : [];
