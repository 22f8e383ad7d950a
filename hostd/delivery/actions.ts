// What a response rule can do, read top to bottom: a new action is a line here and one in the configuration's schema.
import type { Mode } from '../base/modes.ts';
import type { ActionConfig } from '../config/delivery.ts';

/** What is done to the policy, for the VM that an event is about. */
export type PolicyAction = { mode: Mode } | { isolate: true };

/** What actions need. */
export interface Tools {
  /** Hands the event to a destination. */
  deliver: (destination: string) => void;
  change: (action: PolicyAction) => void;
}

type Actions = {
  [K in keyof Required<ActionConfig>]: (target: NonNullable<ActionConfig[K]>, tools: Tools) => void;
};

const actions: Actions = {
  webhook: (name, { deliver }) => deliver(`webhook:${name}`),
  syslog: (name, { deliver }) => deliver(`syslog:${name}`),
  mode: (mode, { change }) => change({ mode }),
  isolate: (isolate, { change }) => change({ isolate }),
};

export function act({ webhook, syslog, mode, isolate }: ActionConfig, tools: Tools): void {
  if (webhook !== undefined) actions.webhook(webhook, tools);
  if (syslog !== undefined) actions.syslog(syslog, tools);
  if (mode !== undefined) actions.mode(mode, tools);
  if (isolate !== undefined) actions.isolate(isolate, tools);
}
