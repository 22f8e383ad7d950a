// What rules gained by one batch of flow records.
import type { FlowRecord } from '../../dp/client/index.ts';
import type { Flow } from '../api/schema.ts';
import { addBoth, type RuleGain } from '../base/rule-count.ts';

const ofBoth = ([a, b]: readonly [number, number]): number => a + b;

export class RuleGains {
  readonly #gains = new Map<string, RuleGain>();

  get list(): RuleGain[] {
    return [...this.#gains.values()];
  }

  /** `before`: the flow as its last record told it; undefined where no record of it is known. */
  add(flow: Flow, record: FlowRecord, before: Flow | undefined): void {
    const { rule } = flow;
    if (typeof rule !== 'string') return;
    const { deltaPackets: packets, deltaBytes: bytes } = record;
    const last = Math.round(record.lastMs);
    // One that goes on while hostd was restarted was counted when it began.
    const isNew = before ? before.rule !== rule : ofBoth(packets) === ofBoth(flow.packets);
    if (!isNew && ofBoth(packets) === 0) return;
    const known = this.#gains.get(rule) ?? { rule, flows: 0, packets: [0, 0], bytes: [0, 0], last };
    this.#gains.set(rule, {
      rule,
      flows: known.flows + (isNew ? 1 : 0),
      packets: addBoth(known.packets, packets),
      bytes: addBoth(known.bytes, bytes),
      last: Math.max(known.last, last),
    });
  }
}
