// New violations as events: each once while it goes on, and of one source a few a minute, however much it tries.

import type { EventSubject, Flow, WorkloadRef } from '../api/schema.ts';
import { service } from '../base/service-text.ts';
import type { Emit } from './events.ts';

const EACH_SOURCE_MAX = 10;
/** One that was silent for so long is told again. */
const QUIET_MS = 3_600_000;
const REMEMBERED_MAX = 50_000;
const SOURCES_MAX = 10_000;

export class ViolationNews {
  readonly #emit: Emit;
  /** When each was seen last; the one that is silent for longest first. */
  readonly #seen = new Map<string, number>();
  /** By source: how many were told this minute, and how many not. */
  readonly #minute = new Map<string, { told: number; untold: number; from: WorkloadRef }>();

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  /** A flow as it was told last. */
  take(flow: Flow, now_ms: number): void {
    if (!flow.violation || !flow.from || !flow.to || !this.#isNew(keyOf(flow), now_ms)) return;
    const source = `${flow.from.kind}\n${flow.from.id}`;
    const known = this.#minute.get(source);
    if (!known && this.#minute.size >= SOURCES_MAX) return;
    const minute = known ?? { told: 0, untold: 0, from: flow.from };
    this.#minute.set(source, minute);
    if (minute.told >= EACH_SOURCE_MAX) minute.untold++;
    else {
      minute.told++;
      this.#tell(flow, flow.from, flow.to);
    }
  }

  /** To be called each minute. */
  minute(): void {
    for (const { untold, from } of this.#minute.values())
      if (untold > 0) {
        const text = `${from.name}: ${untold} more violations within a minute: vmoat violations lists them`;
        this.#emit('violations-left-out', { text, subjects: subjectOf(from), data: { count: untold } });
      }
    this.#minute.clear();
  }

  #isNew(key: string, now_ms: number): boolean {
    const before = this.#seen.get(key);
    this.#seen.delete(key);
    this.#seen.set(key, now_ms);
    const [oldest] = this.#seen.keys();
    if (this.#seen.size > REMEMBERED_MAX && oldest !== undefined) this.#seen.delete(oldest);
    return before === undefined || now_ms - before >= QUIET_MS;
  }

  #tell(flow: Flow, from: WorkloadRef, to: WorkloadRef): void {
    const {
      id,
      app = null,
      proto,
      dport: port,
      src,
      dst,
      verdict = null,
      decidedBy = null,
      rule = null,
    } = flow;
    const text = `${from.name} to ${to.name}, ${app ?? 'unknown'} on ${service(proto, port)}: ${rule ? `rule ${rule}` : 'no rule allows it'}`;
    const data = { flow: id, app, proto, port, src, dst, verdict, decidedBy, rule };
    this.#emit('violation', { text, subjects: [...subjectOf(from), ...subjectOf(to)], data });
  }
}

const keyOf = ({ from, to, app, proto, dport, rule }: Flow): string =>
  [from?.kind, from?.id, to?.kind, to?.id, app, proto, dport, rule].join('\n');

const subjectOf = ({ kind, id, name }: WorkloadRef): EventSubject[] =>
  kind === 'vm' ? [{ kind: 'vm', id, name }] : [];
