// Checks the outline of a policy before it is read field by field: the client is not trusted with its size.
import { DataplaneError } from '../client/dataplane-error.ts';
import type { Deadline, PolicyOrder, PolicyTables, Unconfirmed } from '../contract/policy.ts';

/** As dp/policy/tables.h has them; rules of operators and learned ones. */
const LISTS_MAX = { groups: 4096, rules: 40_000, nics: 65_536, unknown: 64, ends: 65_536 } as const;
const TEXT_MAX = 256;

/** The order of a message body, its lists bounded; throws `dp_protocol` with the field. */
export function checkPolicy(body: object): PolicyOrder {
  const { unconfirmed, ...tables } = body as Record<string, unknown>;
  const checked = checkTables(tables, 'policy');
  return unconfirmed === undefined ? checked : { ...checked, unconfirmed: checkUnconfirmed(unconfirmed) };
}

/** Tables alone; `where` begins the words of an error. */
export function checkTables(body: unknown, where: string): PolicyTables {
  const fields = fieldsOf(body, where);
  const { generation } = fields;
  if (!Number.isSafeInteger(generation) || (generation as number) < 1)
    throw wrong(`${where}: generation: is no whole number from 1 on`);
  for (const [name, most] of Object.entries(LISTS_MAX)) {
    const list = fields[name];
    if (!Array.isArray(list)) throw wrong(`${where}: ${name}: is no list`);
    if (list.length > most) throw wrong(`${where}: ${name}: more than ${most}`);
  }
  return fields as unknown as PolicyTables;
}

export function checkUnconfirmed(body: unknown): Unconfirmed {
  const where = 'policy: unconfirmed';
  const { trial, deadline, previous } = fieldsOf(body, where);
  return {
    trial: text(trial, `${where}: trial`),
    deadline: checkDeadline(deadline, `${where}: deadline`),
    previous: checkTables(previous, `${where}: previous`),
  };
}

function checkDeadline(body: unknown, where: string): Deadline {
  const { boot, ...times } = fieldsOf(body, where);
  const [since, at, uptime_ms] = ['since', 'at', 'uptime_ms'].map((name) => {
    const time = times[name];
    if (typeof time === 'number' && Number.isFinite(time) && time >= 0) return time;
    throw wrong(`${where}: ${name}: is no time`);
  }) as [number, number, number];
  return { since, at, uptime_ms, boot: text(boot, `${where}: boot`) };
}

function text(value: unknown, where: string): string {
  if (typeof value === 'string' && value.length <= TEXT_MAX) return value;
  throw wrong(`${where}: is no text of at most ${TEXT_MAX} characters`);
}

function fieldsOf(body: unknown, where: string): Record<string, unknown> {
  if (typeof body === 'object' && body !== null) return body as Record<string, unknown>;
  throw wrong(`${where}: is no object`);
}

const wrong = (message: string): DataplaneError => new DataplaneError('dp_protocol', message);
