// What a rule says, as one text: as long as it stays, so do the rule's counters. Pure.
import { createHash } from 'node:crypto';
import type { PolicyRule, PolicyTables } from '../../../dp/contract/policy.ts';
import { groupOfReference } from '../document/words.ts';
import type { Rule } from '../sections/rules.ts';

const TEXT_CHARS_MAX = 200;

/** Comment, order, expiry and whether it is disabled do not belong to it; nor does who is in its groups. */
export function meaningOf(
  rule: Pick<Rule, 'from' | 'to' | 'applications' | 'ports' | 'action' | 'continuous'>,
): string {
  const { applications = [], ports = [], action } = rule;
  const [from, to] = [groupOfReference(rule.from), groupOfReference(rule.to)];
  const how = rule.continuous ? 'continuous' : action;
  const text = [how, from, to, applications.join(), ports.join()].join('\n');
  return text.length <= TEXT_CHARS_MAX ? text : createHash('sha256').update(text).digest('base64url');
}

/** A learned rule grows by what is seen: it is the same one as long as its name is, which has ends and service. */
const LEARNED = 'learned';

export function meaningInTables(rule: PolicyRule, { groups }: PolicyTables): string {
  if (rule.learned) return LEARNED;
  const nameOf = (index: number): string => groups[index]?.name ?? '';
  return meaningOf({ ...rule, from: nameOf(rule.from), to: nameOf(rule.to) });
}
