// The section `groups`: sets of VMs by criteria, of addresses, of names in the DNS; and the modes they bear.
import { z } from 'zod';
import { ADDRESSES_WANTED, parseRange } from '../addresses.ts';
import { Comment, Duration, GroupName, isBuiltIn, Mode, VM_PREFIX } from '../document/words.ts';
import { MatchEntry } from '../match/criteria.ts';
import { PROTECTION, protection } from './protection.ts';

/** The evaluator takes 4,096, those of VMs and the built-in ones included. */
const GROUPS_MAX = 4000;
const MATCH_MAX = 256;
const ADDRESSES_MAX = 4096;

const Addresses = z.string().refine((text) => parseRange(text) !== null, ADDRESSES_WANTED);
const Fqdn = z
  .string()
  .max(253)
  .regex(/^(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/, {
    message: 'a name in lower case such as mirror.example.org, or *.example.org for all below it',
  });

const Promote = z
  .strictObject({
    monitorAfter: Duration.optional().describe('learn → monitor when so long nothing new was learned'),
    protectAfter: Duration.optional().describe('monitor → protect when so long there was no violation'),
  })
  .describe('changes of mode by the clock, each told by an event before and after');

export const Group = z
  .strictObject({
    name: GroupName.describe('unique; `host` or `vm.NAME` to give the built-in or automatic group a mode'),
    comment: Comment.optional(),
    match: z
      .array(MatchEntry)
      .min(1)
      .max(MATCH_MAX)
      .optional()
      .describe('VMs: any of the entries, all conditions of an entry'),
    addresses: z
      .array(Addresses)
      .min(1)
      .max(ADDRESSES_MAX)
      .optional()
      .describe('ends that are no VM of this host: CIDR, single address, or first-last'),
    fqdn: z
      .array(Fqdn)
      .min(1)
      .max(ADDRESSES_MAX)
      .optional()
      .describe('likewise, by names learned from DNS answers'),
    mode: Mode.optional().describe('of a group of VMs; of several the strictest holds'),
    ...protection,
    promote: Promote.optional(),
  })
  .superRefine((group, context) => {
    for (const { path, message } of faults(group)) context.addIssue({ code: 'custom', path, message });
  });
export type Group = z.infer<typeof Group>;

export const Groups = z.array(Group).max(GROUPS_MAX).default([]).describe('sets of ends that rules speak of');

const MEMBERS = ['match', 'addresses', 'fqdn'] as const;
const MODAL = ['mode', ...PROTECTION, 'promote'] as const;

type Shape = {
  name: string;
  [key: string]: unknown;
};

/** Whether its members are VMs: only such a group bears a mode. */
export const isOfVms = (group: Pick<Group, 'match' | 'addresses' | 'fqdn'>): boolean =>
  group.addresses === undefined && group.fqdn === undefined;

function faults(group: Shape): { path: string[]; message: string }[] {
  const given = (keys: readonly string[]): string[] => keys.filter((key) => group[key] !== undefined);
  const absent = (keys: string[], why: string) =>
    keys.map((key) => ({ path: [key], message: `absent: ${why}` }));
  const { name } = group;
  if (name === 'host' || name.startsWith(VM_PREFIX))
    return absent(given(MEMBERS), `who is in \`${name}\` is not for the document to say`);
  if (isBuiltIn(name)) return [{ path: ['name'], message: `another name: \`${name}\` is built in` }];
  const members = given(MEMBERS);
  if (members.length === 0) return [{ path: [], message: 'given `match`, `addresses` or `fqdn`' }];
  if (!members.includes('match')) return absent(given(MODAL), 'only groups of VMs bear a mode');
  return absent(given(['addresses', 'fqdn']), 'a group is either of VMs (`match`) or of other ends');
}
