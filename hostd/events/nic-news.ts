// NICs that come, go, or cannot be tapped, as events: told once they have stayed so for a moment.
import type { EventSubject, Nic } from '../api/schema.ts';
import type { Emit } from './events.ts';

/** What is there of a NIC: `tapped`, or why it is not; no entry: it is not there. */
type State = { nic: Nic; state: string };

/** vmoat-dp taps a new NIC within that time. */
const SETTLE_MS = 3000;
/** What is found in the first moments was there before, and is no news unless it is not tapped. */
const BEGINNING_MS = 10_000;
const TAPPED = 'tapped';
const GONE = '';

export class NicNews {
  readonly #emit: Emit;
  readonly #told = new Map<string, State>();
  /** Differs from what was told, since when, ms. */
  readonly #changing = new Map<string, { state: string; since: number }>();
  #begun: number | null = null;

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  /** All NICs of running VMs, to be called each second while libvirt and vmoat-dp both answer. */
  take(nics: readonly Nic[], now_ms: number): void {
    this.#begun ??= now_ms;
    const found = new Map(nics.map((nic) => [nic.id, { nic, state: stateOf(nic) }]));
    for (const id of new Set([...found.keys(), ...this.#told.keys()])) {
      const state = found.get(id)?.state ?? GONE;
      if (state === (this.#told.get(id)?.state ?? GONE)) this.#changing.delete(id);
      else if (this.#hasSettled(id, state, now_ms)) this.#tell(id, found.get(id) ?? null, now_ms);
    }
  }

  #hasSettled(id: string, state: string, now_ms: number): boolean {
    const changing = this.#changing.get(id);
    if (changing?.state === state) return now_ms - changing.since >= SETTLE_MS;
    this.#changing.set(id, { state, since: now_ms });
    return false;
  }

  #tell(id: string, found: State | null, now_ms: number): void {
    const before = this.#told.get(id);
    this.#changing.delete(id);
    if (found) this.#told.set(id, found);
    else this.#told.delete(id);
    const nic = found?.nic ?? before?.nic;
    if (!nic) return;
    const name = `${nic.workloadName}, ${nic.tap ?? nic.mac}`;
    const told = { subjects: subjectsOf(nic), data: { mac: nic.mac, hook: nic.hook, segment: nic.segment } };
    if (!found) this.#emit('nic-gone', { ...told, text: `NIC of ${name} is gone` });
    else if (found.state !== TAPPED)
      this.#emit('nic-untappable', { ...told, text: `NIC of ${name} is not tapped: ${nic.reason}` });
    else if (before || now_ms - (this.#begun ?? 0) > BEGINNING_MS)
      this.#emit('nic-appeared', { ...told, text: `NIC of ${name} is tapped` });
  }
}

const stateOf = ({ hook, reason }: Nic): string => (hook === 'none' ? reason || 'unknown' : TAPPED);

const subjectsOf = ({ id, workload, workloadName, tap, mac }: Nic): EventSubject[] => [
  { kind: 'vm', id: workload, name: workloadName },
  { kind: 'nic', id, name: tap ?? mac },
];
