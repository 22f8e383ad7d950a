import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VmoatError } from '../base/errors.ts';
import type { Context } from './context.ts';
import { followStream } from './follow-stream.ts';

type Connection = (opened: () => Promise<void>) => Promise<void>;

/** Follows over one connection after the other, until the last of them refuses. */
async function followed(...connections: Connection[]): Promise<{ log: string[]; error: unknown }> {
  const log: string[] = [];
  const daemon = {
    events: (_query: object, opened: () => Promise<void>) => {
      log.push('stream');
      return connections.shift()?.(opened);
    },
  };
  const context = {
    daemon: () => daemon,
    now: () => 1_000_000,
    terminal: { err: () => log.push('waits') },
  } as unknown as Context;
  const error = await followStream(context, {
    query: {},
    catchUp: async (since) => {
      log.push(`asks since ${since}`);
    },
    take: () => {},
  }).catch((reason: unknown) => reason);
  return { log, error };
}

const ends: Connection = (opened) => opened();
const fails =
  (code: 'daemon_unreachable' | 'bad_request'): Connection =>
  () =>
    Promise.reject(new VmoatError(code, 'as the test wants it'));

test('what was there is asked for once the stream is open, and after a pause from before it', async () => {
  const { log } = await followed(ends, fails('daemon_unreachable'), ends, fails('bad_request'));
  assert.deepEqual(log, [
    'stream',
    'asks since null',
    'waits',
    'stream',
    'stream',
    'asks since 1970-01-01T00:16:25.000Z',
    'waits',
    'stream',
  ]);
});

test('a daemon that is not there at the start is said at once', async () => {
  const { log, error } = await followed(fails('daemon_unreachable'));
  assert.ok(error instanceof VmoatError);
  assert.deepEqual([log, error.code], [['stream'], 'daemon_unreachable']);
});
