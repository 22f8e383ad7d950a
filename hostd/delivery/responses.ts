// Response rules: which events call for which actions.
import { type EventRecord, EventSeverity, type EventSubject } from '../api/schema.ts';
import type { ActionConfig, ResponseConfig, When } from '../config/delivery.ts';

export interface ResponseOptions {
  rules: readonly ResponseConfig[];
  /** The groups that a subject belongs to. */
  groupsOf: (subject: EventSubject) => readonly string[];
}

/** The actions of every rule that the event matches. */
export class Responses {
  readonly #rules: { matches: (event: EventRecord) => boolean; actions: ActionConfig[] }[];

  constructor({ rules, groupsOf }: ResponseOptions) {
    this.#rules = rules.map((rule) => ({ matches: matcher(rule.when, groupsOf), actions: rule.do }));
  }

  to(event: EventRecord): ActionConfig[] {
    return this.#rules.filter(({ matches }) => matches(event)).flatMap(({ actions }) => actions);
  }
}

/** All that is given must hold. */
function matcher(
  { kinds, severity, name, group }: When,
  groupsOf: ResponseOptions['groupsOf'],
): (event: EventRecord) => boolean {
  const wanted = kinds?.map(glob);
  const named = name === undefined ? null : glob(name);
  const least = severity === undefined ? 0 : rankOf(severity);
  return (event) =>
    (!wanted || wanted.some((kind) => kind.test(event.kind))) &&
    rankOf(event.severity) >= least &&
    (!named || event.subjects.some((subject) => named.test(subject.name))) &&
    (group === undefined || event.subjects.some((subject) => groupsOf(subject).includes(group)));
}

const rankOf = (severity: EventSeverity): number => EventSeverity.options.indexOf(severity);

/** `*` stands for any characters, `?` for one. */
export function glob(pattern: string): RegExp {
  const parts = pattern.replace(/\*+/g, '*').replace(/[.+^${}()|[\]\\/]/g, '\\$&');
  return new RegExp(`^${parts.replaceAll('*', '.*').replaceAll('?', '.')}$`, 'su');
}
