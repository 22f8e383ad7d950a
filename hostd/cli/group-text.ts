// Groups as tables and text.
import { stringify } from 'yaml';
import type { GroupView } from '../policy/groups/group-view.ts';
import { PROTECTION } from '../policy/sections/protection.ts';
import type { GroupProposal } from '../policy/shapes.ts';
import { type Column, table } from './table.ts';
import { styled, type Terminal } from './terminal.ts';

const inline = (value: unknown): string =>
  stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trimEnd();

/** What says who is in it. */
const criteria = ({ match, addresses, fqdn, origin }: GroupView): string =>
  [match && inline(match), addresses?.join(', '), fqdn?.join(', ')].filter(Boolean).join(' ') || origin;

const names = (members: readonly { name: string }[] | null): string =>
  (members ?? []).map(({ name }) => name).join(', ');

const COLUMNS: Column<GroupView>[] = [
  { title: 'GROUP', text: ({ name }) => name },
  { title: 'MODE', text: ({ mode }) => mode ?? '' },
  { title: 'RULES', text: ({ rules }) => String(rules.length), right: true },
  { title: 'VMS', text: ({ members }) => (members ? String(members.length) : ''), right: true },
  { title: 'IS', text: criteria },
  { title: 'COMMENT', text: ({ comment = '' }) => comment },
];

export const groupTable = (groups: readonly GroupView[], terminal: Terminal): string =>
  table(terminal, COLUMNS, groups);

export function groupText(group: GroupView, terminal: Terminal): string {
  const { name, origin, mode, comment, promote, members, rules } = group;
  const facts: [string, string | undefined][] = [
    ['name', name],
    ['origin', origin],
    ['mode', mode ?? 'bears none'],
    ['is', criteria(group)],
    ['comment', comment],
    ...PROTECTION.map((key): [string, string | undefined] => [key, group[key] && inline(group[key])]),
    ['promote', promote && inline(promote)],
    ['rules', rules.join(', ') || '-'],
  ];
  const lines = facts.map(([key, value]) =>
    value === undefined
      ? ''
      : `${styled(terminal, 'bold', key.padEnd(13))}  ${styled(terminal, null, value)}\n`,
  );
  return lines.join('') + (members ? `\n${memberTable(members, terminal)}` : '');
}

type Member = NonNullable<GroupView['members']>[number];

const memberTable = (members: readonly Member[], terminal: Terminal): string =>
  table<Member>(
    terminal,
    [
      { title: 'VM', text: ({ name }) => name },
      { title: 'MODE', text: ({ mode }) => mode },
      { title: 'UUID', text: ({ id }) => id, style: () => 'dim' },
    ],
    members,
  );

export const proposalTable = (proposed: readonly GroupProposal[], terminal: Terminal): string =>
  table<GroupProposal>(
    terminal,
    [
      { title: 'GROUP', text: ({ name }) => name },
      { title: 'VMS', text: ({ members }) => names(members) },
      { title: 'BY', text: ({ because }) => because },
      { title: 'MATCH', text: ({ match }) => inline(match) },
    ],
    proposed,
  );
