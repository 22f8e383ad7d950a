// The history with its thread: written, asked, bounded, there again after a restart.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Receipt } from '../../dp/contract/protocol.ts';
import { GraphEdge } from '../api/schema.ts';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { History } from './history.ts';
import { flow, folder, groupOf, iso } from './history-fixture.ts';
import type { EdgeMinute } from './rows.ts';

const minute = (at: number, bytes: [number, number]): EdgeMinute => ({
  minute: at,
  fromKind: 'vm',
  fromId: 'uuid-web-1',
  fromName: 'web-1',
  toKind: 'vm',
  toId: 'uuid-db-1',
  toName: 'db-1',
  app: 'postgresql',
  proto: 'tcp',
  port: 5432,
  packets: [1, 1],
  bytes,
});

/** Written only when the test asks for it. */
const byHand = {
  retentionDays: 7,
  clock: systemClock,
  log: silentLog,
  groupOf,
  isLeg: () => false,
  write_interval_ms: 3_600_000,
};

test('the thread writes, answers, and gives the graph of a past window to the minute', async () => {
  const history = new History({
    ...byHand,
    folder: folder(),
  });
  try {
    const now = Date.now() - (Date.now() % 60_000);
    const earlier = now - 600_000;
    history.keep([flow('long', earlier, { last: iso(now) }), flow('short', now, { end: 'fin' })]);
    history.keepEdges([minute(earlier, [1000, 2000]), minute(earlier + 1, [10, 20]), minute(now, [5, 6])]);
    const page = await history.flows({}, null, 10);
    assert.deepEqual(
      page.flows.map((each) => each.id),
      ['short', 'long'],
    );
    const whole = await history.graph(earlier, now);
    assert.deepEqual(
      whole.edges.map((edge) => GraphEdge.parse(edge).bytes),
      [[1015, 2026]],
    );
    assert.deepEqual([whole.edges[0]?.sessions, whole.edges[0]?.open], [2, 1]);
    const early = await history.graph(earlier - 60_000, earlier + 60_000);
    assert.deepEqual([early.edges[0]?.bytes, early.edges[0]?.sessions], [[1010, 2020], 1]);
    assert.deepEqual(early.nodes.map((node) => node.name).sort(), ['db-1', 'web-1']);
    assert.deepEqual((await history.graph(now - 86_400_000, now - 86_000_000)).edges, []);
    assert.deepEqual(history.lost, { historyRows: 0, historyFiles: 0 });
  } finally {
    await history.close();
  }
});

test('flows beyond the bound are dropped and counted, not kept', async () => {
  const history = new History({
    ...byHand,
    folder: folder(),
    waitingMax: 2,
  });
  try {
    history.keep([flow('a', Date.now()), flow('b', Date.now()), flow('c', Date.now())]);
    assert.equal(history.lost.historyRows, 1);
    assert.equal((await history.flows({}, null, 10)).flows.length, 2);
  } finally {
    await history.close();
  }
});

test('a receipt is on disk with what it stands for, is told, and is there after a restart', async () => {
  const place = folder();
  const kept: Receipt[] = [];
  const open = () =>
    new History({
      ...byHand,
      folder: place,
      onKept: (receipt) => kept.push(receipt),
    });
  const first = open();
  assert.equal(await first.receipt(), null);
  first.keep([flow('a', Date.now())]);
  first.keepReceipt({ instance: 'one', batch: 7 });
  assert.equal(await first.receipt(), null, 'not before the flows are');
  await first.flush();
  assert.deepEqual(kept, [{ instance: 'one', batch: 7 }]);
  first.keep([flow('b', Date.now())]);
  await first.flush();
  assert.equal(kept.length, 1);
  await first.close();
  const second = open();
  assert.deepEqual({ ...(await second.receipt()) }, { instance: 'one', batch: 7 });
  await second.close();
});
