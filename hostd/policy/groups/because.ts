// Why an end is in a group, in words.
import type { EvidenceEnd } from '../../base/evidence.ts';
import type { PolicyDocument } from '../document/schema.ts';
import { VM_PREFIX } from '../document/words.ts';
import type { MatchEntry } from '../match/criteria.ts';
import { type MemberFacts, matcher } from '../match/matcher.ts';

const BUILT_IN: Record<string, string> = {
  any: 'everything is',
  host: 'it is this host',
  external: 'it is no VM of this host, nor the host',
  unknown: 'libvirt has not named its VM',
  multicast: 'it is an address of many ends',
  broadcast: 'it is an address of all ends of a segment',
};

/** `facts` of a VM that exists; null: it is none, or none any more. */
export function becauseOf(
  name: string,
  end: EvidenceEnd,
  document: PolicyDocument,
  facts: MemberFacts | null,
): string {
  const builtIn = BUILT_IN[name];
  if (builtIn !== undefined) return builtIn;
  const group = document.groups.find((each) => each.name === name);
  if (group?.match) {
    const entry = facts ? group.match.find((each) => matcher([each])(facts)) : undefined;
    return entry ? entryText(entry) : 'its name';
  }
  if (group?.addresses) return `its address ${end.address ?? ''} is covered`.replace('  ', ' ');
  if (group?.fqdn) return 'a name learned for its address';
  return name.startsWith(VM_PREFIX) ? 'it is this VM' : 'the document says so';
}

/** `name prefix "web-" and tag = "prod"` */
const entryText = (entry: MatchEntry): string =>
  Object.entries(entry)
    .flatMap(([criterion, wanted]) =>
      typeof wanted === 'string'
        ? [`${criterion} = ${JSON.stringify(wanted)}`]
        : Object.entries(wanted ?? {}).map(
            ([operator, operand]) => `${criterion} ${operator} ${JSON.stringify(operand)}`,
          ),
    )
    .join(' and ');
