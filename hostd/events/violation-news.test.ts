import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventRecord, type Flow } from '../api/schema.ts';
import { ManualClock } from '../base/clock.ts';
import { emitter } from './events.ts';
import { ViolationNews } from './violation-news.ts';

const T0 = Date.parse('2026-11-20T12:00:00Z');
const SECOND = 1000;
const HOUR = 3_600_000;

function setUp() {
  const told: EventRecord[] = [];
  const news = new ViolationNews(
    emitter(new ManualClock(T0), (event) => told.push(EventRecord.parse(event))),
  );
  const apps = () => told.map(({ data }) => data.app);
  return { news, told, apps };
}

const time = new Date(T0).toISOString();
const flow = (id: string, change: Partial<Flow> = {}): Flow => ({
  ...{
    type: 'flow',
    id,
    segment: 'net',
    proto: 'tcp',
    src: '10.0.0.1',
    sport: 1,
    dst: '10.0.0.2',
    dport: 6379,
  },
  ...{ direction: 'seen', tunnel: [], packets: [1, 0], bytes: [60, 0], threats: [], anomalies: [] },
  ...{
    first: time,
    last: time,
    end: null,
    parent: null,
    violation: true,
    verdict: 'allow',
    decidedBy: 'mode',
  },
  from: { kind: 'vm', id: 'uuid-web', name: 'web', why: '' },
  to: { kind: 'vm', id: 'uuid-redis', name: 'redis', why: '' },
  ...change,
});

test('a violation waits for its application, and is told once', () => {
  const { news, told, apps } = setUp();
  news.take(flow('a'), T0);
  news.second(T0 + SECOND);
  assert.equal(told.length, 0);
  news.take(flow('a', { app: 'redis' }), T0 + SECOND);
  news.take(flow('a', { app: 'redis', end: 'fin' }), T0 + 2 * SECOND);
  news.second(T0 + 9 * SECOND);
  assert.deepEqual(apps(), ['redis']);
  assert.equal(told[0]?.text, 'web to redis, redis on tcp/6379: no rule allows it');
});

test('one that stays unknown is told as that after 3 s, and not again once it is recognised', () => {
  const { news, told, apps } = setUp();
  news.take(flow('a'), T0);
  for (const second of [1, 2]) news.second(T0 + second * SECOND);
  assert.equal(told.length, 0);
  news.second(T0 + 3 * SECOND);
  assert.deepEqual(apps(), [null]);
  news.take(flow('a', { app: 'redis' }), T0 + 9 * SECOND);
  news.take(flow('b', { app: 'redis' }), T0 + 10 * SECOND);
  assert.deepEqual(apps(), [null]);
  news.take(flow('b', { app: 'http' }), T0 + 11 * SECOND);
  assert.deepEqual(apps(), [null, 'http']);
});

test('what is denied or over will not be recognised: it is told at once', () => {
  for (const change of [{ verdict: 'deny' }, { end: 'rst' }] satisfies Partial<Flow>[]) {
    const { news, apps } = setUp();
    news.take(flow('a', change), T0);
    assert.deepEqual(apps(), [null]);
  }
});

test('it is told again after an hour of silence', () => {
  const { news, apps } = setUp();
  for (const at of [0, HOUR - SECOND, 2 * HOUR]) news.take(flow(`${at}`, { app: 'redis' }), T0 + at);
  assert.deepEqual(apps(), ['redis', 'redis']);
});

test('of one source ten a minute, then how many more there were', () => {
  const { news, told } = setUp();
  for (let port = 1; port <= 25; port++) news.take(flow(`${port}`, { dport: port, verdict: 'deny' }), T0);
  news.minute();
  assert.equal(told.length, 11);
  assert.deepEqual([told.at(-1)?.kind, told.at(-1)?.data.count], ['violations-left-out', 15]);
});

test('where too many wait the next is told at once', () => {
  const { news, told } = setUp();
  for (let n = 0; n < 10_000; n++) news.take(flow(`${n}`, { dport: n }), T0);
  assert.equal(told.length, 0);
  news.take(flow('last', { dport: 60_000 }), T0);
  assert.equal(told.length, 1);
});
