// What lint looks at: the document's rules and groups.
import type { Place } from '../../base/strict-yaml.ts';
import type { PortRange } from '../ports.ts';
import type { Group } from '../sections/groups.ts';
import type { Rule } from '../sections/rules.ts';

/** A rule that is in effect, with what comparisons need of it. */
export interface LintRule {
  rule: Rule;
  /** Position in the document. */
  index: number;
  /** Names of groups. */
  from: string;
  to: string;
  ports: readonly PortRange[];
  place: Place;
}

/** A group of the document. */
export interface LintGroup {
  group: Group;
  place: Place;
}
