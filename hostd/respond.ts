// What response rules do to the policy: the mode of a VM, or its isolation. Never twice, and told by an event.
import type { EventRecord, Workload } from './api/schema.ts';
import { messageOf } from './base/errors.ts';
import type { PolicyAction } from './delivery/actions.ts';
import type { Emit } from './events/events.ts';
import { VM_PREFIX } from './policy/document/words.ts';
import { isIsolated } from './policy/isolation.ts';
import type { Policy } from './policy/policy.ts';

export interface ResponderParts {
  policy: Policy;
  workloads: () => readonly Workload[];
  emit: Emit;
}

export class Responder {
  readonly #parts: ResponderParts;
  /** Under way: events come faster than versions of the policy. */
  readonly #changing = new Set<string>();

  constructor(parts: ResponderParts) {
    this.#parts = parts;
  }

  /** Concerns the VM that the event names first: of a threat, who did it. */
  respond(event: EventRecord, action: PolicyAction): void {
    const id = event.subjects.find(({ kind }) => kind === 'vm')?.id;
    const vm = this.#parts.workloads().find((workload) => workload.id === id);
    if (!vm || this.#changing.has(vm.id) || this.#isDone(vm, action)) return;
    this.#changing.add(vm.id);
    void this.#change(vm, event, action).finally(() => this.#changing.delete(vm.id));
  }

  #isDone(vm: Workload, action: PolicyAction): boolean {
    if ('mode' in action) return vm.mode === action.mode;
    return isIsolated(this.#parts.policy.document, vm.id);
  }

  async #change(vm: Workload, event: EventRecord, action: PolicyAction): Promise<void> {
    const { policy, emit } = this.#parts;
    const by = { author: 'response', reason: `${event.kind}: ${event.text}`.slice(0, 200) };
    const what = 'mode' in action ? `mode ${action.mode}` : 'isolated';
    const subjects = [{ kind: 'vm' as const, id: vm.id, name: vm.name }];
    const data = { event: event.id, action: what };
    try {
      if ('mode' in action) await policy.setMode(`${VM_PREFIX}${vm.name}`, action.mode, by);
      else await policy.isolate({ uuid: vm.id, name: vm.name }, by);
      emit('response-acted', { subjects, data, text: `${vm.name}: ${what}, since ${event.kind}` });
    } catch (thrown) {
      const text = `${vm.name} is not ${what}: ${messageOf(thrown)}`;
      emit('response-failed', { subjects, data, text });
    }
  }
}
