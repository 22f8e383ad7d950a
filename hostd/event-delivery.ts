// Delivery as the configuration wants it: its destinations, its response rules, and what it says of itself.
import type { EventSubject } from './api/schema.ts';
import type { Clock } from './base/clock.ts';
import type { Log } from './base/log.ts';
import type { Config } from './config/schema.ts';
import { Delivery } from './delivery/delivery.ts';
import type { Destination } from './delivery/destination.ts';
import { glob, Responses } from './delivery/responses.ts';
import { Syslog } from './delivery/syslog.ts';
import { Webhook } from './delivery/webhook.ts';
import type { Emit } from './events/events.ts';
import { eventKindList } from './events/kinds.ts';
import type { GroupOf } from './history/flow-filter.ts';

export interface DeliveryParts {
  config: Pick<Config, 'webhooks' | 'syslog' | 'responses'>;
  clock: Clock;
  log: Log;
  emit: Emit;
  groupOf: GroupOf;
  onDone: (done: { destination: string; event: string }[]) => void;
}

/** Nothing is sent before its `begin`. */
export function openDelivery({ config, clock, log, emit, groupOf, onDone }: DeliveryParts): Delivery {
  warnOfUnknown(config, log);
  const groupsOf = (subject: EventSubject): string[] => {
    if (subject.kind === 'group') return [subject.name];
    return subject.kind === 'vm'
      ? [groupOf({ kind: 'vm', id: subject.id, name: subject.name, why: '' })]
      : [];
  };
  const responses = new Responses({ rules: config.responses, groupsOf });
  const about = ({ id, target }: Destination) => ({
    subjects: [{ kind: 'destination' as const, id, name: id }],
    data: { target },
  });
  return new Delivery({
    destinations: [
      ...config.webhooks.map((each) => new Webhook(each, clock)),
      ...config.syslog.map((each) => new Syslog(each)),
    ],
    clock,
    actions: (event) => responses.to(event),
    onDone,
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

/** The configuration's schema does not know the kinds. */
function warnOfUnknown({ responses }: DeliveryParts['config'], log: Log): void {
  for (const { name, when } of responses)
    for (const kind of when.kinds ?? []) {
      const wanted = glob(kind);
      if (!eventKindList.some((known) => wanted.test(known.name)))
        log.warn({ response: name, kind }, 'a response waits for a kind of event that does not exist');
    }
}
