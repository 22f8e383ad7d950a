// What a response rule can do, read top to bottom: a new action is a line here and one in the configuration's schema.
import type { ActionConfig } from '../config/delivery.ts';

/** What actions need. */
export interface Tools {
  /** Hands the event to a destination. */
  deliver: (destination: string) => void;
}

type ActionName = keyof ActionConfig;

const actions: Record<ActionName, (target: string, tools: Tools) => void> = {
  webhook: (name, { deliver }) => deliver(`webhook:${name}`),
  syslog: (name, { deliver }) => deliver(`syslog:${name}`),
};

export function act(action: ActionConfig, tools: Tools): void {
  for (const [name, target] of Object.entries(action))
    if (target !== undefined) actions[name as ActionName](target, tools);
}
