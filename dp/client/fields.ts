// Fields of more than 32 bits out of a record, little-endian.

export type Pair = [toServer: number, toClient: number];

const TWO_32 = 2 ** 32;
const MS_PER_HIGH_WORD = TWO_32 / 1e6;

/** A u64, exact to 2^53. */
export const u64Number = (view: DataView, at: number): number =>
  view.getUint32(at + 4, true) * TWO_32 + view.getUint32(at, true);
/** Two u64, exact to 2^53. */
export const pair = (view: DataView, at: number): Pair => [u64Number(view, at), u64Number(view, at + 8)];
/** An i64 of nanoseconds as milliseconds, to a quarter of a microsecond. */
export const milliseconds = (view: DataView, at: number): number =>
  view.getInt32(at + 4, true) * MS_PER_HIGH_WORD + view.getUint32(at, true) / 1e6;

/** Decimal text of a u64, exact also beyond 2^53. */
export function u64Text(view: DataView, at: number): string {
  const high = view.getUint32(at + 4, true);
  return high < 0x200000 ? String(u64Number(view, at)) : String(view.getBigUint64(at, true));
}

/** Numbers of the bits set in a u64, ascending. */
export function bits(view: DataView, at: number): number[] {
  const set: number[] = [];
  for (const [word, base] of [
    [view.getUint32(at, true), 0] as const,
    [view.getUint32(at + 4, true), 32] as const,
  ])
    for (let left = word; left !== 0; left &= left - 1) set.push(base + 31 - Math.clz32(left & -left));
  return set;
}

/** A body as the decoder reads it. */
export const viewOf = (body: Uint8Array): DataView =>
  new DataView(body.buffer, body.byteOffset, body.byteLength);
