import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { noFilter } from '../domain/place.ts';
import { Api, ApiError } from './api.ts';
import { backoffMs } from './backoff.ts';
import { takeSecret } from './fragment-secret.ts';
import { type Connection, Stream, type StreamWorld } from './stream.ts';

test('the backoff doubles to ten seconds and spreads', () => {
  assert.equal(backoffMs(1, 1), 500);
  assert.equal(backoffMs(2, 1), 1000);
  assert.equal(backoffMs(50, 1), 10_000);
  assert.equal(backoffMs(50, 0), 7500);
});

test('a secret in the fragment is taken and wiped', () => {
  const seen: unknown[] = [];
  const past = { replaceState: (...all: unknown[]) => seen.push(all[2]) };
  const place = { hash: '#secret=abcdefghij_klmno-pq', pathname: '/', search: '?view=flows' };
  assert.equal(takeSecret(place, past), 'abcdefghij_klmno-pq');
  assert.deepEqual(seen, ['/?view=flows']);
  assert.equal(takeSecret({ ...place, hash: '#content' }, past), '');
});

/** Real HTTP: what the API says must reach the page as it is. */
async function served(
  status: number,
  body: string,
  run: (api: Api, paths: string[]) => Promise<void>,
): Promise<void> {
  const paths: string[] = [];
  const server = createServer((request, response) => {
    paths.push(request.url ?? '');
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    await run(new Api((path, init) => fetch(`http://127.0.0.1:${port}${path}`, init)), paths);
  } finally {
    server.close();
  }
}

test('a question for flows names only what is filtered', async () => {
  await served(200, '{"items":[],"next":null}', async (api, paths) => {
    await api.flows({ filter: noFilter, span: null, limit: 50 });
    const filter = { ...noFilter, app: 'a&b', text: 'x y', verdict: 'deny' as const };
    await api.flows({ filter, span: { since: 'S', until: 'U' }, cursor: 'C', limit: 50 });
    assert.deepEqual(paths, [
      '/api/v1/flows?limit=50',
      '/api/v1/flows?since=S&until=U&app=a%26b&verdict=deny&q=x+y&cursor=C&limit=50',
    ]);
  });
});

test('a refusal keeps code, message and hint; a broken one its status', async () => {
  await served(400, '{"code":"bad_cursor","message":"no","hint":"start over"}', async (api) => {
    await assert.rejects(
      api.status(),
      (error: ApiError) => error.code === 'bad_cursor' && error.hint === 'start over',
    );
  });
  await served(502, '<html>', async (api) => {
    await assert.rejects(api.status(), (error: ApiError) => error.status === 502);
  });
  const dead = new Api(() => Promise.reject(new TypeError('refused')));
  await assert.rejects(dead.status(), (error: ApiError) => error instanceof ApiError && error.status === 0);
});

class World implements StreamWorld {
  status = 200;
  clock = 0;
  readonly sources: (EventTarget & { close: () => void })[] = [];
  readonly timers: { ms: number; run: () => void }[] = [];

  open = (): EventSource => {
    const source = Object.assign(new EventTarget(), { close: () => undefined });
    this.sources.push(source);
    return source as unknown as EventSource;
  };
  probe = async (): Promise<number> => this.status;
  now = (): number => this.clock;
  chance = (): number => 1;
  later = (ms: number, run: () => void): (() => void) => {
    const timer = { ms, run };
    this.timers.push(timer);
    return () => void this.timers.splice(this.timers.indexOf(timer), 1);
  };

  last(): EventTarget {
    const source = this.sources.at(-1);
    assert.ok(source);
    return source;
  }
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

function stream(): { world: World; seen: Connection[]; heard: unknown[]; stream: Stream } {
  const world = new World();
  const seen: Connection[] = [];
  const heard: unknown[] = [];
  const it = new Stream({ event: (event) => heard.push(event), connection: (one) => seen.push(one) }, world);
  it.start();
  return { world, seen, heard, stream: it };
}

test('a broken stream waits longer each time, and starts small after it was open', async () => {
  const { world, seen } = stream();
  for (const ms of [500, 1000, 2000]) {
    world.status = 0;
    world.last().dispatchEvent(new Event('error'));
    await settle();
    const last = seen.at(-1);
    assert.ok(last?.state === 'waiting' && last.nextAt === ms);
    world.timers.find((timer) => timer.ms === ms)?.run();
  }
  world.last().dispatchEvent(new Event('open'));
  assert.deepEqual(seen.at(-1), { state: 'open' });
  world.last().dispatchEvent(new Event('error'));
  await settle();
  assert.ok(seen.at(-1)?.state === 'waiting' && world.timers.some((timer) => timer.ms === 500));
});

test('without a session the stream ends and says so', async () => {
  const { world, seen } = stream();
  world.status = 401;
  world.last().dispatchEvent(new Event('error'));
  await settle();
  assert.deepEqual(seen.at(-1), { state: 'signedOut' });
  assert.equal(world.sources.length, 1);
});

test('only whole events of the right kind get through', () => {
  const { world, heard } = stream();
  const send = (type: string, data: string) => world.last().dispatchEvent(new MessageEvent(type, { data }));
  send('flows', '{"kind":"flows","flows":[]}');
  send('flows', '{"kind":"graph"}');
  send('flows', '{"kind":"fl');
  assert.deepEqual(heard, [{ kind: 'flows', flows: [] }]);
});

test('a silent stream is taken for dead', async () => {
  const { world, seen } = stream();
  world.last().dispatchEvent(new Event('open'));
  world.timers.find((timer) => timer.ms > 30_000)?.run();
  await settle();
  assert.equal(seen.at(-1)?.state, 'waiting');
});
