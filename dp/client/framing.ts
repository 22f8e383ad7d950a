// Frames of dp.sock: u32 length of what follows, u16 type, body; little-endian, bounded on both sides.
import { FRAME_BYTES_MAX } from '../contract/protocol.ts';
import { DataplaneError } from './dataplane-error.ts';

export const FRAME_HEAD_BYTES = 6;
const TYPE_BYTES = 2;

export interface Frame {
  type: number;
  body: Buffer;
}

/** The six bytes that go before a body of `bodyBytes`. */
export function frameHead(type: number, bodyBytes: number): Buffer {
  const head = Buffer.allocUnsafe(FRAME_HEAD_BYTES);
  head.writeUInt32LE(bodyBytes + TYPE_BYTES, 0);
  head.writeUInt16LE(type, 4);
  return head;
}

/** A whole frame with a JSON body. */
export function jsonFrame(type: number, body: object): Buffer {
  const text = Buffer.from(JSON.stringify(body));
  return Buffer.concat([frameHead(type, text.length), text]);
}

/** The body of a JSON frame; throws `dp_protocol` where it is not a JSON object. */
export function jsonBody(frame: Frame): object {
  try {
    const value: unknown = JSON.parse(frame.body.toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch (cause) {
    throw new DataplaneError('dp_protocol', `frame of type ${frame.type} is not JSON`, { cause });
  }
  throw new DataplaneError('dp_protocol', `frame of type ${frame.type} is not a JSON object`);
}

/**
 * Cuts a byte stream into frames. Holds at most one incomplete frame: `frameBytesMax` bytes and the
 * chunk at hand. A longer frame, or one too short for its type, throws `dp_protocol`; the stream is
 * then lost, as nothing says where the next frame begins.
 */
export class FrameReader {
  readonly #frameBytesMax: number;
  #chunks: Buffer[] = [];
  #held = 0;
  #needed = FRAME_HEAD_BYTES;

  constructor(frameBytesMax: number = FRAME_BYTES_MAX) {
    this.#frameBytesMax = frameBytesMax;
  }

  /** Takes a chunk and returns the frames that it completes. Bodies may share memory with the chunk. */
  push(chunk: Buffer): Frame[] {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    const frames: Frame[] = [];
    while (this.#held >= this.#needed) {
      const bytes = this.#join();
      const end = FRAME_HEAD_BYTES - TYPE_BYTES + this.#length(bytes);
      this.#needed = end;
      if (bytes.length < end) break;
      frames.push({ type: bytes.readUInt16LE(4), body: bytes.subarray(FRAME_HEAD_BYTES, end) });
      this.#keep(bytes.subarray(end));
    }
    return frames;
  }

  #join(): Buffer {
    const [first] = this.#chunks;
    const bytes = first !== undefined && this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks);
    this.#chunks = [bytes];
    return bytes;
  }

  #length(bytes: Buffer): number {
    const length = bytes.readUInt32LE(0);
    if (length >= TYPE_BYTES && length <= this.#frameBytesMax) return length;
    throw new DataplaneError('dp_protocol', `a frame says it is ${length} bytes long`);
  }

  #keep(rest: Buffer): void {
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#held = rest.length;
    this.#needed = FRAME_HEAD_BYTES;
  }
}
