// Checks what a client says about the NICs to expect: the client is not trusted with more than its fields.
import { DataplaneError } from '../client/dataplane-error.ts';
import type { Inventory } from '../contract/protocol.ts';

const NICS_MAX = 16_384;
const TEXT_MAX = 256;

/** The inventory of a message body; throws `dp_protocol`. */
export function checkInventory(body: object): Inventory {
  const { generation, nics } = body as Partial<Record<keyof Inventory, unknown>>;
  if (typeof generation !== 'number' || !Array.isArray(nics) || nics.length > NICS_MAX)
    throw new DataplaneError('dp_protocol', `an inventory is a generation and at most ${NICS_MAX} NICs`);
  return { generation, nics: nics.map(checkNic) };
}

function checkNic(nic: unknown): Inventory['nics'][number] {
  const fields = typeof nic === 'object' && nic !== null ? (nic as Record<string, unknown>) : {};
  const text = (key: string): string => {
    const value = fields[key];
    if (typeof value === 'string' && value.length <= TEXT_MAX) return value;
    throw new DataplaneError(
      'dp_protocol',
      `a NIC of the inventory has no ${key} of at most ${TEXT_MAX} characters`,
    );
  };
  return {
    tap: text('tap'),
    mac: text('mac'),
    workload: text('workload'),
    nic: text('nic'),
    bandwidth: fields.bandwidth === true,
    filtered: fields.filtered === true,
  };
}
