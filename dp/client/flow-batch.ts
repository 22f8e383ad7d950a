// A `flows` body: many flow records and their facts.
import { DataplaneError } from './dataplane-error.ts';
import { viewOf } from './fields.ts';
import { FlowRecord } from './flow-record.ts';
import { FLOW_BATCH_HEADER_BYTES, FLOW_RECORD_BYTES, flowBatchHeader } from './layout.ts';

/** A `flows` body: header, records, facts. Throws `dp_protocol` where lengths and header disagree. */
export class FlowBatch implements Iterable<FlowRecord> {
  readonly count: number;
  /** Of the batch in its instance of vmoat-dp; 0 where it is not numbered. */
  readonly number: number;
  readonly #view: DataView;
  readonly #facts: Uint8Array;

  constructor(body: Uint8Array) {
    this.#view = viewOf(body);
    this.count = checkedCount(this.#view);
    this.number = this.#view.getUint32(flowBatchHeader.number, true);
    this.#facts = body.subarray(FLOW_BATCH_HEADER_BYTES + this.count * FLOW_RECORD_BYTES);
  }

  /** Record number `index`, 0 ≤ index < count. */
  at(index: number): FlowRecord {
    if (index < 0 || index >= this.count) throw new RangeError(`no flow record ${index} of ${this.count}`);
    return new FlowRecord(this.#view, FLOW_BATCH_HEADER_BYTES + index * FLOW_RECORD_BYTES, this.#facts);
  }

  *[Symbol.iterator](): Generator<FlowRecord> {
    for (let index = 0; index < this.count; index++) yield this.at(index);
  }
}

/** Number of flow records in a body, by its header alone; 0 where it is too short to say. */
export function flowCount(body: Uint8Array): number {
  return body.length < FLOW_BATCH_HEADER_BYTES ? 0 : viewOf(body).getUint32(flowBatchHeader.count, true);
}

/** Writes the number into a body that is about to leave vmoat-dp. */
export function numberBatch(body: Uint8Array, number: number): void {
  if (body.length >= FLOW_BATCH_HEADER_BYTES) viewOf(body).setUint32(flowBatchHeader.number, number, true);
}

function checkedCount(view: DataView): number {
  if (view.byteLength < FLOW_BATCH_HEADER_BYTES)
    throw new DataplaneError('dp_protocol', `a flow batch of ${view.byteLength} bytes has no header`);
  const recordBytes = view.getUint32(flowBatchHeader.record_size, true);
  const count = view.getUint32(flowBatchHeader.count, true);
  const factsBytes = view.getUint32(flowBatchHeader.facts_bytes, true);
  const expected = FLOW_BATCH_HEADER_BYTES + count * FLOW_RECORD_BYTES + factsBytes;
  if (recordBytes !== FLOW_RECORD_BYTES || expected !== view.byteLength)
    throw new DataplaneError(
      'dp_protocol',
      `a flow batch of ${view.byteLength} bytes says ${count} records of ${recordBytes} bytes, ${factsBytes} of facts`,
    );
  return count;
}
