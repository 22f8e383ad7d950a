// How much of a policy the traffic of a window exercised, so that silence is not taken for safety.
import type { Evidence } from '../../base/evidence.ts';

export interface Coverage {
  /** Hours of the window in which any traffic was seen. */
  hours: number;
  /** Of the days of the week, Monday = 1 … Sunday = 7, in UTC. */
  weekdays: number[];
  /** Groups of VMs of which no member was seen speaking. */
  groupsUnseen: string[];
  /** Applications that rules name and nobody spoke. */
  applicationsUnseen: string[];
  /** Ids of rules that decided about nothing. */
  rulesUnseen: string[];
}

export interface CoverageOf {
  evidence: readonly Evidence[];
  /** Beginnings of hours with traffic, ms since the epoch. */
  hours: readonly number[];
  /** Groups by name, and the ids of their VMs. */
  members: ReadonlyMap<string, readonly string[]>;
  rules: readonly { id: string; applications: readonly string[]; decided: boolean }[];
}

export function coverageOf({ evidence, hours, members, rules }: CoverageOf): Coverage {
  const ends = new Set(evidence.flatMap(({ from, to }) => [from.id, to.id]));
  const spoken = [...new Set(evidence.flatMap(({ app }) => (app === null ? [] : [app])))];
  const isSpoken = (application: string): boolean =>
    spoken.some((app) => app === application || app.startsWith(`${application}/`));
  const named = new Set(rules.flatMap(({ applications }) => applications));
  return {
    hours: hours.length,
    weekdays: [...new Set(hours.map((hour) => new Date(hour).getUTCDay() || 7))].sort((a, b) => a - b),
    groupsUnseen: [...members].flatMap(([name, ids]) => (ids.some((id) => ends.has(id)) ? [] : [name])),
    applicationsUnseen: [...named].filter((application) => !isSpoken(application)).sort(),
    rulesUnseen: rules.filter(({ decided }) => !decided).map(({ id }) => id),
  };
}
