import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../../test/hostd/until.ts';
import type { EventRecord } from '../api/schema.ts';
import { systemClock } from '../base/clock.ts';
import { Delivery } from './delivery.ts';
import { type Destination, Refusal, TryLater } from './destination.ts';
import { Lane, waitOf } from './lane.ts';
import { testEvent } from './test-event.ts';

const QUICK = { first_ms: 1, most_ms: 4, random: () => 0 };

/** A destination that does what the script says, then takes everything. */
function setUp(script: (Error | null)[], waiting_max?: number) {
  const got: [id: string, attempt: number][] = [];
  const [done, told]: [string[], string[]] = [[], []];
  const destination: Destination = {
    id: 'webhook:ops',
    target: 'test',
    settings: '',
    send: async ({ id }, attempt) => {
      got.push([id, attempt]);
      const failure = script.shift();
      if (failure) throw failure;
    },
    close: () => undefined,
  };
  const lane = new Lane({
    destination,
    clock: systemClock,
    onDone: ({ id }) => done.push(id),
    onFailing: (reason) => told.push(`failing ${reason}`),
    onResumed: () => told.push('resumed'),
    retry: QUICK,
    ...(waiting_max !== undefined && { waiting_max }),
  });
  const push = (...ids: string[]): boolean[] => ids.map((id) => lane.push(testEvent({ id })));
  return { lane, push, got, done, told };
}

test('waits double up to the most, and are shortened at random', () => {
  const retry = { first_ms: 1000, most_ms: 300_000, random: () => 0 };
  assert.deepEqual(
    [1, 2, 3, 9, 10, 5000].map((attempts) => waitOf(attempts, retry)),
    [1000, 2000, 4000, 256_000, 300_000, 300_000],
  );
  assert.equal(waitOf(1, { ...retry, random: () => 0.5 }), 750);
});

test('in order, each until it arrives; that it fails, and no more, is told once', async () => {
  const down = new Error('down');
  const { lane, push, got, done, told } = setUp([null, down, down, down, new TryLater('busy', 1)]);
  push('a', 'b', 'c');
  await until(() => done.length === 3);
  assert.deepEqual(got, [
    ['a', 1],
    ['b', 1],
    ['b', 2],
    ['b', 3],
    ['b', 4],
    ['b', 5],
    ['c', 1],
  ]);
  assert.deepEqual(told, ['failing down', 'resumed']);
  assert.deepEqual(lane.state, { waiting: 0, delivered: 3, dropped: 0, refused: 0, failing: null });
});

test('what is refused for good is not tried again, and does not hold up the others', async () => {
  const { lane, push, got, done } = setUp([new Refusal('answers 400')]);
  push('a', 'b');
  await until(() => done.length === 2);
  assert.deepEqual(got, [
    ['a', 1],
    ['b', 1],
  ]);
  assert.deepEqual([lane.state.refused, lane.state.delivered], [1, 1]);
});

test('a full lane drops what is new, counted; what is too old is dropped, too', async () => {
  const { lane, push, done, got } = setUp([], 2);
  assert.deepEqual(push('a', 'b', 'c'), [true, true, false]);
  await until(() => done.length === 2);
  lane.push(testEvent({ id: 'old', at: new Date(Date.now() - 90_000_000).toISOString() }));
  await until(() => done.length === 3);
  assert.deepEqual([lane.state.dropped, got.length], [2, 2]);
});

test('a stopped lane tries no more', async () => {
  const { lane, push, got, done } = setUp([new TryLater('busy', 3_600_000)]);
  push('a');
  await until(() => lane.state.failing);
  lane.stop();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([got.length, done, lane.state.waiting], [1, [], 1]);
});

test('what waited on disk goes first, nothing twice; what is for nobody is done', async () => {
  const got: string[] = [];
  const done: string[] = [];
  const asked: object[] = [];
  const destination: Destination = {
    id: 'webhook:ops',
    target: 'test',
    settings: '',
    send: async ({ id }) => void got.push(id),
    close: () => undefined,
  };
  const delivery = new Delivery({
    destinations: [destination],
    clock: systemClock,
    actions: () => [{ webhook: 'ops' }, { webhook: 'ops' }, { syslog: 'gone' }, { isolate: true }],
    onDone: (all) => done.push(...all.map(({ destination: id, event }) => `${id} ${event}`)),
    onPolicyAction: (_event, action) => asked.push(action),
    onFailing: () => undefined,
    onResumed: () => undefined,
    retry: QUICK,
  });
  const event = (id: string): EventRecord => testEvent({ id });
  assert.deepEqual(delivery.take(event('2')), ['webhook:ops']);
  assert.deepEqual(delivery.take(event('3')), ['webhook:ops']);
  const waiting = (destination: string, id: string) => ({ destination, event: event(id) });
  delivery.begin([waiting('webhook:ops', '1'), waiting('webhook:ops', '2'), waiting('syslog:gone', '1')]);
  delivery.take(event('4'));
  await until(() => got.length === 4);
  assert.deepEqual(got, ['1', '2', '3', '4']);
  await until(() => done.length === 5);
  assert.equal(done[0], 'syslog:gone 1');
  assert.deepEqual(asked, [{ isolate: true }, { isolate: true }, { isolate: true }]);
  assert.equal(delivery.destinations[0]?.delivered, 4);
  const probe = testEvent({
    kind: 'delivery-test',
    subjects: [{ kind: 'destination', id: 'webhook:ops', name: '' }],
  });
  assert.deepEqual(delivery.take(probe), ['webhook:ops']);
});

test('other destinations while it runs: the same one goes on, a new one of its name gets what waits', async () => {
  const done: string[] = [];
  const destination = (id: string, settings: string, works: boolean) => {
    const got: string[] = [];
    const self = { got, closed: false };
    const send: Destination['send'] = async (event) => {
      if (!works) throw new Error('not now');
      got.push(event.id);
    };
    const close = (): void => {
      self.closed = true;
    };
    return Object.assign(self, { id, settings, target: 'test', send, close });
  };
  const [same, old, gone] = [
    destination('webhook:same', 'a', true),
    destination('webhook:moved', 'a', false),
    destination('syslog:gone', 'a', false),
  ];
  const delivery = new Delivery({
    destinations: [same, old, gone],
    clock: systemClock,
    actions: () => [{ webhook: 'same' }, { webhook: 'moved' }, { syslog: 'gone' }],
    onDone: (all) => done.push(...all.map(({ destination: id, event }) => `${id} ${event}`)),
    onPolicyAction: () => undefined,
    onFailing: () => undefined,
    onResumed: () => undefined,
    retry: { first_ms: 3_600_000, most_ms: 3_600_000, random: () => 0 },
  });
  delivery.begin([]);
  delivery.take(testEvent({ id: '1' }));
  delivery.take(testEvent({ id: '2' }));
  await until(() => delivery.destinations[1]?.failing && delivery.destinations[2]?.failing);
  const [unused, moved] = [destination('webhook:same', 'a', true), destination('webhook:moved', 'b', true)];
  delivery.use({ destinations: [unused, moved], actions: () => [{ webhook: 'same' }] });
  assert.deepEqual([same.closed, old.closed, gone.closed], [false, true, true]);
  await until(() => moved.got.length === 2 && same.got.length === 2);
  assert.deepEqual(moved.got, ['1', '2']);
  await until(() => done.length === 6);
  assert.deepEqual(done.filter((each) => each.startsWith('syslog')).sort(), [
    'syslog:gone 1',
    'syslog:gone 2',
  ]);
  assert.deepEqual(delivery.take(testEvent({ id: '3' })), ['webhook:same']);
  await until(() => same.got.length === 3);
  assert.deepEqual(unused.got, []);
});
