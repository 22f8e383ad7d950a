// The modes of policy, mildest first.

export const MODES = ['learn', 'monitor', 'protect'] as const;
export type Mode = (typeof MODES)[number];

/** null of none. */
export const strictest = (modes: Iterable<Mode>): Mode | null =>
  [...modes].reduce<Mode | null>((a, b) => (a === null || MODES.indexOf(b) > MODES.indexOf(a) ? b : a), null);
