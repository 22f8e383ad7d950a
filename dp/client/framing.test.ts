import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DataplaneError } from './dataplane-error.ts';
import { type Frame, FrameReader, frameHead, jsonBody, jsonFrame } from './framing.ts';

const SEED = 20_261;

/** A small generator, so that a failure can be repeated. */
function* random(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

const frame = (type: number, body: Buffer): Buffer => Buffer.concat([frameHead(type, body.length), body]);
const isProtocolError = (error: unknown): boolean =>
  error instanceof DataplaneError && error.code === 'dp_protocol';

test('frames come out as they went in, however the stream is cut', () => {
  const next = random(SEED);
  const below = (limit: number): number => Math.floor(next.next().value * limit);
  for (let round = 0; round < 200; round++) {
    const sent = Array.from({ length: 1 + below(20) }, (_, i) => ({
      type: below(65_536),
      body: Buffer.alloc(below(8) === 0 ? below(100_000) : below(40), i),
    }));
    const stream = Buffer.concat(sent.map(({ type, body }) => frame(type, body)));
    const reader = new FrameReader();
    const got: Frame[] = [];
    for (let at = 0; at < stream.length; ) {
      const end = at + 1 + below(below(3) === 0 ? 70_000 : 9);
      got.push(...reader.push(stream.subarray(at, end)));
      at = end;
    }
    assert.deepEqual(
      got.map(({ type, body }) => [type, body.toString('hex')]),
      sent.map(({ type, body }) => [type, body.toString('hex')]),
    );
  }
});

test('a frame that says it is too long ends the stream before its bytes are held', () => {
  const reader = new FrameReader(1000);
  assert.equal(reader.push(frame(1, Buffer.alloc(998))).length, 1);
  assert.throws(() => reader.push(frameHead(1, 999)), isProtocolError);
  assert.throws(() => new FrameReader().push(Buffer.from([255, 255, 255, 255, 1, 0])), isProtocolError);
});

test('a frame too short for its type is refused', () => {
  for (const length of [0, 1]) {
    const head = Buffer.alloc(6);
    head.writeUInt32LE(length);
    assert.throws(() => new FrameReader().push(head), isProtocolError);
  }
});

test('random bytes never do more than end the stream', () => {
  const next = random(SEED + 1);
  for (let round = 0; round < 2000; round++) {
    const reader = new FrameReader(4096);
    const bytes = Buffer.from(Array.from({ length: 64 }, () => Math.floor(next.next().value * 256)));
    try {
      for (const found of reader.push(bytes)) assert.ok(found.body.length < 4096);
    } catch (error) {
      assert.ok(isProtocolError(error));
    }
  }
});

test('a JSON body is an object or an error', () => {
  const bodyOf = (text: string): object => jsonBody({ type: 2, body: Buffer.from(text) });
  assert.deepEqual(bodyOf('{"a":1}'), { a: 1 });
  for (const text of ['', '{', 'null', '[]', '1', '"x"', '\u0000'])
    assert.throws(() => bodyOf(text), isProtocolError, text);
  const [round] = new FrameReader().push(jsonFrame(7, { text: 'ä\u0000' }));
  assert.deepEqual(round && [round.type, jsonBody(round)], [7, { text: 'ä\u0000' }]);
});
