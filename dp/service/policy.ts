// Checks the outline of a policy before it is read field by field: the client is not trusted with its size.
import { DataplaneError } from '../client/dataplane-error.ts';
import type { PolicyTables } from '../contract/policy.ts';

/** As dp/policy/tables.h has them; rules of operators and learned ones. */
const LISTS_MAX = { groups: 4096, rules: 40_000, nics: 65_536, unknown: 64, ends: 65_536 } as const;

/** The tables of a message body, their lists bounded; throws `dp_protocol` with the field. */
export function checkPolicy(body: object): PolicyTables {
  const fields = body as Record<string, unknown>;
  const { generation } = fields;
  if (!Number.isSafeInteger(generation) || (generation as number) < 1)
    throw new DataplaneError('dp_protocol', 'policy: generation: is no whole number from 1 on');
  for (const [name, most] of Object.entries(LISTS_MAX)) {
    const list = fields[name];
    if (!Array.isArray(list)) throw new DataplaneError('dp_protocol', `policy: ${name}: is no list`);
    if (list.length > most) throw new DataplaneError('dp_protocol', `policy: ${name}: more than ${most}`);
  }
  return body as PolicyTables;
}
