// A VM that is cut off: a group of its own in protect, and two rules in front of all others that deny everything from
// and to it, until it is released. What else the document says of the VM stays as it is.
import { VmoatError } from '../base/errors.ts';
import type { Edit } from './document/edits.ts';
import type { PolicyDocument } from './document/schema.ts';

export interface Isolated {
  /** libvirt's */
  uuid: string;
  name: string;
}

const groupOf = (uuid: string): string => `isolated.${uuid}`;
const rulesOf = (group: string): string[] => [`${group}.out`, `${group}.in`];

export const isIsolated = (document: PolicyDocument, uuid: string): boolean =>
  document.groups.some(({ name }) => name === groupOf(uuid));

/** What cuts the VM off; throws `name_taken` where it is already. */
export function isolate(document: PolicyDocument, { uuid, name }: Isolated): Edit[] {
  if (isIsolated(document, uuid)) throw new VmoatError('name_taken', `${name} is isolated already`);
  const group = groupOf(uuid);
  const [out, into] = rulesOf(group);
  const comment = `${name}, isolated`;
  const groups = [{ name: group, comment, match: [{ uuid }], mode: 'protect' }];
  const rules = [
    { id: out, from: group, to: 'any', action: 'deny', comment },
    { id: into, from: 'any', to: group, action: 'deny', comment },
  ];
  return [
    { verb: 'prepend', section: 'groups', items: groups },
    { verb: 'prepend', section: 'rules', items: rules },
  ];
}

/** What takes that back; throws `not_found` where the VM is not cut off. */
export function release(document: PolicyDocument, { uuid, name }: Isolated): Edit[] {
  if (!isIsolated(document, uuid)) throw new VmoatError('not_found', `${name} is not isolated`);
  const group = groupOf(uuid);
  const rules = rulesOf(group);
  return [
    { verb: 'remove', section: 'rules', indices: indicesOf(document.rules, ({ id }) => rules.includes(id)) },
    { verb: 'remove', section: 'groups', indices: indicesOf(document.groups, (each) => each.name === group) },
  ];
}

const indicesOf = <T>(items: readonly T[], isIt: (item: T) => boolean): number[] =>
  items.flatMap((item, index) => (isIt(item) ? [index] : []));
