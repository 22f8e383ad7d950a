// A VM that is cut off: a group of its own in protect, and two rules in front of all others that deny everything from
// and to it, until it is released. What else the document says of the VM stays as it is.
import { isMap, isSeq, parseDocument } from 'yaml';
import { VmoatError } from '../base/errors.ts';
import type { PolicyDocument } from './document/schema.ts';

export interface Isolated {
  /** libvirt's */
  uuid: string;
  name: string;
}

const groupOf = (uuid: string): string => `isolated.${uuid}`;

export const isIsolated = (document: PolicyDocument, uuid: string): boolean =>
  document.groups.some(({ name }) => name === groupOf(uuid));

/** The text with the VM cut off; throws `name_taken` where it is already. */
export function isolate(text: string, document: PolicyDocument, { uuid, name }: Isolated): string {
  if (isIsolated(document, uuid)) throw new VmoatError('name_taken', `${name} is isolated already`);
  const group = groupOf(uuid);
  const comment = `${name}, isolated`;
  const yaml = parseDocument(text);
  const add = (section: string, items: object[]): void => {
    const list = yaml.get(section);
    if (isSeq(list)) list.items.unshift(...items.map((item) => yaml.createNode(item)));
    else yaml.set(section, yaml.createNode(items));
  };
  add('groups', [{ name: group, comment, match: [{ uuid }], mode: 'protect' }]);
  add('rules', [
    { id: `${group}.out`, from: group, to: 'any', action: 'deny', comment },
    { id: `${group}.in`, from: 'any', to: group, action: 'deny', comment },
  ]);
  return yaml.toString({ lineWidth: 0 });
}

/** The text without that; throws `not_found` where the VM is not cut off. */
export function release(text: string, document: PolicyDocument, { uuid, name }: Isolated): string {
  if (!isIsolated(document, uuid)) throw new VmoatError('not_found', `${name} is not isolated`);
  const group = groupOf(uuid);
  const yaml = parseDocument(text);
  const drop = (section: string, key: string, names: readonly string[]): void => {
    const list = yaml.get(section);
    if (!isSeq(list)) return;
    list.items = list.items.filter((item) => !(isMap(item) && names.includes(String(item.get(key)))));
  };
  drop('rules', 'id', [`${group}.out`, `${group}.in`]);
  drop('groups', 'name', [group]);
  return yaml.toString({ lineWidth: 0 });
}
