// Checks what a keeper says it has: the client is not trusted with more than its fields.
import { DataplaneError } from '../client/dataplane-error.ts';
import type { Receipt } from '../contract/protocol.ts';

const INSTANCE_MAX = 100;

/** The receipt of a message body; throws `dp_protocol`. */
export function checkReceipt(body: unknown): Receipt {
  const fields: Partial<Record<keyof Receipt, unknown>> =
    typeof body === 'object' && body !== null ? body : {};
  const { instance, batch } = fields;
  const isNamed = typeof instance === 'string' && instance.length <= INSTANCE_MAX;
  if (isNamed && typeof batch === 'number' && Number.isSafeInteger(batch) && batch >= 0)
    return { instance, batch };
  throw new DataplaneError('dp_protocol', 'a receipt is the instance of vmoat-dp and the number of a batch');
}
