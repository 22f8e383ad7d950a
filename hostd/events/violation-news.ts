// New violations as events: each once while it goes on, as soon as its application is known or will not be soon, and of
// one source a few a minute, however much it tries.

import type { EventSubject, Flow, WorkloadRef } from '../api/schema.ts';
import { service } from '../base/service-text.ts';
import type { Emit } from './events.ts';

const EACH_SOURCE_MAX = 10;
/** One that was silent for so long is told again. */
const QUIET_MS = 3_600_000;
const REMEMBERED_MAX = 50_000;
const SOURCES_MAX = 10_000;
/** A flow that passes is recognised by what it says first, and flows are told each second. */
const RECOGNISED_WITHIN_MS = 3000;
const WAITING_MAX = 10_000;

export class ViolationNews {
  readonly #emit: Emit;
  /** When each was seen last, and the flow that it was told of; the one that is silent for longest first. */
  readonly #seen = new Map<string, { at: number; flow: string }>();
  /** By id: flows that may still be recognised, and since when they wait; the one that waits longest first. */
  readonly #waiting = new Map<string, { flow: Flow; since: number }>();
  /** By source: how many were told this minute, and how many not. */
  readonly #minute = new Map<string, { told: number; untold: number; from: WorkloadRef }>();

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  /** A flow as it was told last. */
  take(flow: Flow, now_ms: number): void {
    if (!flow.violation) return;
    const since = this.#waiting.get(flow.id)?.since ?? now_ms;
    const waits = mayBeRecognised(flow) && now_ms - since < RECOGNISED_WITHIN_MS;
    if (waits && (this.#waiting.has(flow.id) || this.#waiting.size < WAITING_MAX))
      this.#waiting.set(flow.id, { flow, since });
    else this.#settle(flow, now_ms);
  }

  /** To be called each second. */
  second(now_ms: number): void {
    for (const { flow, since } of this.#waiting.values()) {
      if (now_ms - since < RECOGNISED_WITHIN_MS) return;
      this.#settle(flow, now_ms);
    }
  }

  #settle(flow: Flow, now_ms: number): void {
    this.#waiting.delete(flow.id);
    if (!flow.from || !flow.to || !this.#isNew(flow, now_ms)) return;
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

  /** A flow that was told as unknown is no news when it is recognised after all. */
  #isNew(flow: Flow, now_ms: number): boolean {
    const [key, unknown] = [keyOf(flow), this.#seen.get(keyOf({ ...flow, app: undefined }))];
    const before = this.#seen.get(key) ?? (unknown?.flow === flow.id ? unknown : undefined);
    this.#seen.delete(key);
    const isNew = before === undefined || now_ms - before.at >= QUIET_MS;
    this.#seen.set(key, { at: now_ms, flow: isNew ? flow.id : before.flow });
    const [oldest] = this.#seen.keys();
    if (this.#seen.size > REMEMBERED_MAX && oldest !== undefined) this.#seen.delete(oldest);
    return isNew;
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

const mayBeRecognised = ({ app, verdict, end }: Flow): boolean =>
  app === undefined && verdict !== 'deny' && end === null;

const keyOf = ({ from, to, app, proto, dport, rule }: Flow): string =>
  [from?.kind, from?.id, to?.kind, to?.id, app, proto, dport, rule].join('\n');

const subjectOf = ({ kind, id, name }: WorkloadRef): EventSubject[] =>
  kind === 'vm' ? [{ kind: 'vm', id, name }] : [];
