// Delivery as the configuration wants it: its destinations, its response rules, and what it says of itself.
import type { EventRecord, EventSubject } from './api/schema.ts';
import type { Clock } from './base/clock.ts';
import type { Log } from './base/log.ts';
import type { Config } from './config/schema.ts';
import type { PolicyAction } from './delivery/actions.ts';
import { Delivery, type DeliverySetUp } from './delivery/delivery.ts';
import type { Destination } from './delivery/destination.ts';
import { glob, Responses } from './delivery/responses.ts';
import { Syslog } from './delivery/syslog.ts';
import { Webhook } from './delivery/webhook.ts';
import type { Emit } from './events/events.ts';
import { eventKindList } from './events/kinds.ts';

export type DeliveryConfig = Pick<Config, 'webhooks' | 'syslog' | 'responses'>;

export interface DeliveryParts {
  clock: Clock;
  log: Log;
  emit: Emit;
  /** The groups of a VM by its UUID. */
  groupsOf: (uuid: string) => readonly string[];
  onPolicyAction: (event: EventRecord, action: PolicyAction) => void;
  onDone: (done: { destination: string; event: string }[]) => void;
}

/** Nothing is sent before its `begin`. */
export function openDelivery(config: DeliveryConfig, parts: DeliveryParts): Delivery {
  const { clock, emit, onDone, onPolicyAction } = parts;
  const about = ({ id, target }: Destination) => ({
    subjects: [{ kind: 'destination' as const, id, name: id }],
    data: { target },
  });
  return new Delivery({
    ...deliverySetUp(config, parts),
    clock,
    onDone,
    onPolicyAction,
    onFailing: (destination, reason) =>
      emit('delivery-failing', {
        ...about(destination),
        text: `${destination.id} does not take events: ${reason}`,
      }),
    onResumed: (destination, failed_ms) =>
      emit('delivery-resumed', {
        ...about(destination),
        text: `${destination.id} takes events again after ${Math.round(failed_ms / 1000)} s`,
      }),
  });
}

/** What a configuration wants of it. */
export function deliverySetUp(
  config: DeliveryConfig,
  { clock, log, groupsOf }: Pick<DeliveryParts, 'clock' | 'log' | 'groupsOf'>,
): DeliverySetUp {
  warnOfUnknown(config, log);
  const groupsOfSubject = ({ kind, id, name }: EventSubject): readonly string[] => {
    if (kind === 'group') return [name];
    return kind === 'vm' ? groupsOf(id) : [];
  };
  const responses = new Responses({ rules: config.responses, groupsOf: groupsOfSubject });
  return {
    destinations: [
      ...config.webhooks.map((each) => new Webhook(each, clock)),
      ...config.syslog.map((each) => new Syslog(each)),
    ],
    actions: (event) => responses.to(event),
  };
}

/** The configuration's schema does not know the kinds. */
function warnOfUnknown({ responses }: DeliveryConfig, log: Log): void {
  for (const { name, when } of responses)
    for (const kind of when.kinds ?? []) {
      const wanted = glob(kind);
      if (!eventKindList.some((known) => wanted.test(known.name)))
        log.warn({ response: name, kind }, 'a response waits for a kind of event that does not exist');
    }
}
