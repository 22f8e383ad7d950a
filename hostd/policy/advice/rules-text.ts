// Recommended rules as a policy document says them, each with what it was learned from.
import { stringify } from 'yaml';
import type { Proposal } from '../groups/proposals.ts';
import type { LearnedRule, Provenance } from '../learn/recommend.ts';
import type { Group } from '../sections/groups.ts';
import type { Rule } from '../sections/rules.ts';

export interface Additions {
  groups: Pick<Group, 'name' | 'match'>[];
  rules: Rule[];
}

/** What the document lacks: the rules, and the proposed groups that they speak of. `taken`: ids it has already. */
export function additionsOf(
  rules: readonly LearnedRule[],
  proposals: readonly Proposal[],
  taken: ReadonlySet<string>,
): Additions {
  const named = new Set(rules.flatMap(({ from, to }) => [from, to]));
  const ids = new Set(taken);
  return {
    groups: proposals.filter(({ name }) => named.has(name)).map(({ name, match }) => ({ name, match })),
    rules: rules.map((rule) => {
      const id = freeId(rule.id, ids);
      ids.add(id);
      return ruleItem(rule, id);
    }),
  };
}

const ID_CHARS_MAX = 63;

/** Ids are short, and begin with a letter or digit. */
function freeId(wanted: string, taken: ReadonlySet<string>): string {
  const plain = wanted.replace(/^[^A-Za-z0-9_]+/, '');
  for (let count = 1; ; count++) {
    const end = count === 1 ? '' : `.${count}`;
    const id = `${plain.slice(0, ID_CHARS_MAX - end.length)}${end}`;
    if (!taken.has(id)) return id;
  }
}

function ruleItem({ from, to, applications, ports, action, provenance }: LearnedRule, id: string): Rule {
  return {
    id,
    from,
    to,
    ...(applications.length > 0 && { applications }),
    ...(ports.length > 0 && { ports }),
    action,
    comment: provenanceText(provenance),
  };
}

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
const NAMED_MAX = 5;

/** One line: how often, by whom, when. */
export function provenanceText({ flows, clients, first, last, confidence }: Provenance): string {
  const named = clients.slice(0, NAMED_MAX).join(', ');
  const more = clients.length > NAMED_MAX ? ` and ${clients.length - NAMED_MAX} more` : '';
  const times = flows === 1 ? 'once' : `${flows} times`;
  return `seen ${times} from ${named}${more}, ${day(first)} to ${day(last)} UTC; confidence ${confidence}`;
}

/** As a document of its own. */
export function additionsText({ groups, rules }: Additions): string {
  const document = { version: 'vmoat/v1', ...(groups.length > 0 && { groups }), rules };
  return stringify(document, { lineWidth: 0 });
}
