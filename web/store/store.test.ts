import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Flow, Graph } from '../../hostd/api/schema.ts';
import { noFilter, noThreatFilter } from '../domain/place.ts';
import { testEdge, testGraph } from '../domain/test-graph.ts';
import { ApiError, type FlowPage, type FlowQuery } from '../feed/api.ts';
import { FlowTableStore, rowsMax } from './flow-table.ts';
import { PastStore } from './past.ts';
import { PlaceStore } from './place.ts';
import { RateStore } from './rates.ts';
import { ThreatStore } from './threats.ts';

function flow(id: string, dport = 80): Flow {
  const time = '2026-01-01T00:00:00Z';
  return {
    type: 'flow',
    id,
    parent: null,
    segment: 's',
    proto: 'tcp',
    src: '10.0.0.1',
    sport: 1,
    dst: '10.0.0.2',
    dport,
    direction: 'seen',
    tunnel: [],
    packets: [1, 1],
    bytes: [1, 1],
    first: time,
    last: time,
    end: null,
    threats: [],
    anomalies: [],
  };
}

class Pages {
  readonly asked: FlowQuery[] = [];
  answer: (query: FlowQuery) => FlowPage = () => ({ items: [flow('1')], next: null });

  flows = async (query: FlowQuery): Promise<FlowPage> => {
    this.asked.push(query);
    return this.answer(query);
  };
}

const ids = (table: FlowTableStore): string[] => table.rows.value.map((row) => row.id);

test('live flows go on top, known ones are renewed in place', async () => {
  const pages = new Pages();
  const table = new FlowTableStore(pages);
  await table.show(noFilter, null);
  table.hear([{ ...flow('1'), bytes: [7, 7] }, flow('2')], true);
  assert.deepEqual(ids(table), ['2', '1']);
  assert.deepEqual(table.rows.value[1]?.bytes, [7, 7]);
});

test('what does not pass the filter stays out', async () => {
  const table = new FlowTableStore(new Pages());
  await table.show({ ...noFilter, port: '80' }, null);
  table.hear([flow('2', 443), flow('3', 80)], true);
  assert.deepEqual(ids(table), ['3', '1']);
});

test('new flows wait while nobody follows, then come all at once', async () => {
  const table = new FlowTableStore(new Pages());
  await table.show(noFilter, null);
  table.hear([flow('2')], false);
  table.hear([flow('3'), flow('2')], false);
  assert.deepEqual([ids(table), table.waiting.value], [['1'], 2]);
  table.release();
  assert.deepEqual([ids(table).sort(), table.waiting.value], [['1', '2', '3'], 0]);
});

test('older pages join on, without doubles', async () => {
  const pages = new Pages();
  pages.answer = ({ cursor }) =>
    cursor ? { items: [flow('1'), flow('0')], next: null } : { items: [flow('1')], next: 'c' };
  const table = new FlowTableStore(pages);
  await table.show(noFilter, null);
  await table.loadMore();
  await table.loadMore();
  assert.deepEqual(ids(table), ['1', '0']);
  assert.equal(pages.asked.length, 2);
});

test('a past window hears nothing live', async () => {
  const table = new FlowTableStore(new Pages());
  await table.show(noFilter, { since: 'a', until: 'b' });
  table.hear([flow('2')], true);
  assert.deepEqual(ids(table), ['1']);
});

test('rows are bounded', async () => {
  const table = new FlowTableStore(new Pages());
  await table.show(noFilter, null);
  table.hear(
    Array.from({ length: rowsMax + 50 }, (_, i) => flow(`n${i}`)),
    true,
  );
  assert.equal(table.rows.value.length, rowsMax);
});

test('a refusal is kept for the page, the next question clears it', async () => {
  const pages = new Pages();
  const table = new FlowTableStore(pages);
  pages.answer = () => {
    throw new ApiError(503, { message: 'history is being opened' });
  };
  await table.show(noFilter, null);
  assert.equal(table.state.value.error?.message, 'history is being opened');
  pages.answer = () => ({ items: [], next: null });
  await table.show(noFilter, null);
  assert.equal(table.state.value.error, null);
});

test('the place and the address follow each other', () => {
  let search = '?view=flows';
  const log: string[] = [];
  let back = () => {};
  const places = new PlaceStore({
    search: () => search,
    push: (to) => log.push(`push ${to}`),
    replace: (to) => log.push(`replace ${to}`),
    onBack: (run) => {
      back = run;
    },
  });
  assert.equal(places.place.value.view, 'flows');
  places.filter({ text: 'a' }, true);
  places.view('map');
  places.view('map');
  assert.deepEqual(log, ['replace ?view=flows&q=a', 'push ?q=a']);
  search = '?view=list';
  back();
  assert.equal(places.place.value.view, 'list');
});

const graph = (at: string, rate: [number, number]): Graph =>
  testGraph([], [testEdge({ id: 'e', from: 'a', to: 'b', rate })], at);

test('rates are remembered per edge, and turn round for its server', () => {
  const rates = new RateStore();
  rates.hear(graph('2026-01-01T00:00:01Z', [0, 0]));
  assert.deepEqual(rates.points(['e']).times, []);
  rates.hear(graph('2026-01-01T00:00:02Z', [3, 4]));
  rates.hear(graph('2026-01-01T00:00:03Z', [0, 0]));
  assert.deepEqual(rates.points(['e']).toServer, [3, 0]);
  assert.deepEqual(rates.points([], ['e']).toServer, [4, 0]);
});

test('a past window that is asked again keeps the old picture until the new one is there', async () => {
  let answer: (graph: Graph) => void = () => {};
  const past = new PastStore({
    graph: () =>
      new Promise((resolve) => {
        answer = resolve;
      }),
  });
  const first = graph('2026-01-01T00:00:01Z', [0, 0]);
  const shown = past.show({ since: 'a', until: 'b' });
  answer(first);
  await shown;
  void past.show({ since: 'b', until: 'c' }, true);
  assert.equal(past.graph.value, first);
  void past.show({ since: 'x', until: 'y' });
  assert.equal(past.graph.value, null);
});

test('threats are asked again when something happens, once for all that comes within a second', async () => {
  const asked: string[] = [];
  const later: (() => void)[] = [];
  const store = new ThreatStore(
    {
      threatGroups: async ({ threats }) => {
        asked.push(threats.name);
        return [];
      },
      threatKinds: async () => [],
      session: async () => {
        throw new ApiError(401, {});
      },
    },
    (run) => later.push(run),
  );
  const question = { filter: noFilter, threats: { ...noThreatFilter, name: 'scan' }, span: null };
  await store.show(question);
  for (let n = 0; n < 5; n++) store.hear();
  assert.equal(later.length, 1);
  later.shift()?.();
  assert.deepEqual([asked, store.changes.value], [['scan', 'scan'], 1]);
  await store.show(null);
  store.hear();
  later.shift()?.();
  assert.deepEqual([asked.length, store.changes.value], [2, 2]);
  await store.learn();
  assert.equal(store.session.value, null);
});
