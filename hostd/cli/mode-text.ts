// Effective modes of the two ends of an edge, in a column.
import type { Mode } from '../base/modes.ts';

/** `learn` of both, else `learn → protect`; an end that bears none is `-`. */
export function modesText([from, to]: readonly [Mode | null, Mode | null] = [null, null]): string {
  return from === to ? (from ?? '-') : `${from ?? '-'} → ${to ?? '-'}`;
}
