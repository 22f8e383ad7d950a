// Days of the history on disk: rows, pages, filters, retention, broken files.
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DAY_MS, dayOf, startOf } from './day.ts';
import { type FlowFilter, passes } from './flow-filter.ts';
import { flow, folder, groupOf, iso, store, TODAY } from './history-fixture.ts';
import type { Row } from './rows.ts';
import type { HistoryStore } from './store.ts';

const RECEIPT = { instance: 'one', batch: 7 };

test('a flow is one row however often it is written, the newest state wins', () => {
  const { store: history, write } = store();
  write(flow('a', TODAY));
  write(flow('a', TODAY, { bytes: [500, 600], end: 'fin' }));
  const { rows } = history.flows({}, null, 10);
  assert.equal(rows.length, 1);
  assert.deepEqual(JSON.parse(rows[0]?.json ?? '').bytes, [500, 600]);
  assert.equal(history.stats().rows, 1);
  history.close();
});

test('a flow over midnight stands in both days and is listed once, as it was last seen', () => {
  const place = folder();
  const { store: history, write, ids } = store({ folder: place });
  const midnight = startOf(dayOf(TODAY));
  const began = midnight - 1000;
  write(flow('over', began, { last: iso(midnight - 10) }), flow('old', midnight - 5000));
  write(flow('over', began, { last: iso(midnight + 60_000), bytes: [900, 900] }), flow('new', midnight + 5));
  const files = readdirSync(place)
    .filter((name) => name.endsWith('.sqlite'))
    .sort();
  assert.deepEqual(files, ['flows-2026-11-19.sqlite', 'flows-2026-11-20.sqlite']);
  assert.deepEqual(ids(), ['new', 'over', 'old']);
  const over = history.flows({ since: midnight - 2000 }, null, 10).rows.find((row) => row.id === 'over');
  assert.deepEqual(JSON.parse(over?.json ?? '').bytes, [900, 900]);
  const { sessions } = history.window(midnight - 10_000, midnight + 120_000);
  assert.equal(
    sessions.reduce((sum, row) => sum + Number(row.sessions), 0),
    3,
  );
  history.close();
});

test('edges over midnight are on disk with their receipt or not at all', () => {
  const place = folder();
  let now = startOf(dayOf(TODAY));
  const first = store({ folder: place, now: () => now });
  first.write(flow('a', now - 5000));
  const edge = (minute: number): Row => [minute, 'vm', 'a', 'vm', 'b', 'http', 'tcp', 80, 1, 2, 100, 200];
  const [before, after] = [now - 60_000, now + 60_000];
  now += 90_000;
  const bytes = (since: number, until: number): number =>
    first.store.window(since, until).totals.reduce((sum, row) => sum + Number(row.bytes_out), 0);
  const crash = { ...RECEIPT, batch: {} as number }; // SQLite refuses it, in the end
  assert.throws(() => first.store.write([], [edge(before), edge(after)], crash));
  assert.deepEqual([bytes(before, after), first.store.receipt()], [0, null]);
  first.store.write([], [edge(before), edge(after)], RECEIPT);
  assert.deepEqual([bytes(before, before + 1), bytes(after, now), bytes(before, now)], [100, 100, 200]);
  assert.deepEqual({ ...first.store.receipt() }, RECEIPT);
  first.store.close();
  const hour = 3_600_000;
  assert.deepEqual(first.store.hours(before, now).sort(), [
    startOf(dayOf(TODAY)) - hour,
    startOf(dayOf(TODAY)),
  ]);
  first.store.close();
});

test('pages follow each other without gap or repetition while flows go on', () => {
  const { store: history, write } = store();
  const all = Array.from({ length: 25 }, (_, n) =>
    flow(`f${String(n).padStart(2, '0')}`, TODAY + (n % 5) * 1000 - (n * DAY_MS) / 10),
  );
  write(...all);
  const seen: string[] = [];
  let position: Parameters<HistoryStore['flows']>[1] = null;
  do {
    const page: ReturnType<HistoryStore['flows']> = history.flows({}, position, 4);
    seen.push(...page.rows.map((row) => row.id));
    position = page.next;
    write(...all.map((each) => ({ ...each, last: iso(TODAY + 9000) })));
  } while (position);
  assert.equal(seen.length, 25);
  assert.equal(new Set(seen).size, 25);
  history.close();
});

test('days beyond retention are unlinked, and rows of impossible times go to today', () => {
  const place = folder();
  let now = TODAY;
  const { store: history, write, ids } = store({ folder: place, now: () => now, retentionDays: 2 });
  write(flow('a', TODAY), flow('future', TODAY + 400 * DAY_MS), flow('past', TODAY - 400 * DAY_MS));
  assert.deepEqual(
    readdirSync(place).filter((name) => name.endsWith('.sqlite')),
    ['flows-2026-11-20.sqlite'],
  );
  now += 2 * DAY_MS;
  history.dropOld();
  assert.equal(ids().length, 3);
  now += DAY_MS;
  history.dropOld();
  assert.deepEqual(readdirSync(place), []);
  history.close();
});

test('a broken day is set aside, and the others go on', () => {
  const place = folder();
  writeFileSync(
    join(place, 'flows-2026-11-19.sqlite'),
    'this is not a database, whatever its name says'.repeat(200),
  );
  const { store: history, write, ids, setAside } = store({ folder: place });
  write(flow('a', TODAY));
  assert.deepEqual(ids(), ['a']);
  assert.match(setAside[0] ?? '', /^flows-2026-11-19\.sqlite\.broken-\d+: .*not a database/);
  write(flow('b', TODAY - DAY_MS));
  assert.deepEqual(ids(), ['a', 'b']);
  history.close();
});

test('open flows of a former vmoat-dp are ended, those of this one and ended ones stay as they are', () => {
  const { store: history, write } = store();
  write(
    flow('one-1', TODAY),
    flow('one-2', TODAY, { end: 'fin' }),
    flow('two-1', TODAY),
    flow('two-2', TODAY - DAY_MS),
  );
  history.endOthers('two-');
  const ends = history.flows({}, null, 10).rows.map((row) => [row.id, JSON.parse(row.json).end]);
  assert.deepEqual(ends.sort(), [
    ['one-1', 'evicted'],
    ['one-2', 'fin'],
    ['two-1', null],
    ['two-2', null],
  ]);
  history.close();
});

const filters: [string, FlowFilter, string[]][] = [
  ['nothing', {}, ['c', 'b', 'a']],
  ['id', { id: 'b' }, ['b']],
  ['since', { since: TODAY + 1500 }, ['c']],
  ['until', { until: TODAY + 500 }, ['a']],
  ['client', { from: { id: 'uuid-web-1' } }, ['b', 'a']],
  ['server by address', { to: { address: '10.0.0.9' } }, ['c']],
  ['either end', { either: { id: 'uuid-db-1' } }, ['c', 'b', 'a']],
  ['either address', { either: { address: '10.0.0.9' } }, ['c']],
  ['group', { group: 'web' }, ['b', 'a']],
  ['application', { app: 'postgresql' }, ['a']],
  ['inner layer', { app: 'https' }, ['b']],
  ['outer layer', { app: 'tls' }, ['b']],
  ['not half a layer', { app: 'http' }, []],
  ['unknown application', { app: 'unknown' }, ['c']],
  ['protocol', { proto: 'udp' }, ['c']],
  ['port', { ports: [443, 443] }, ['b']],
  ['verdict', { verdict: 'deny' }, ['b']],
  ['violation', { verdict: 'violation' }, ['b']],
  ['text in a fact', { text: 'example' }, ['b']],
  ['text in an anomaly', { text: 'overlap' }, ['c']],
  ['text with SQL in it', { text: "' or 1=1 --" }, []],
  ['several at once', { app: 'tls', ports: [5432, 5432] }, []],
];

test('every filter finds the same in SQL as in memory', () => {
  const { store: history, write, ids } = store();
  const { app: _app, confidence: _confidence, ...plain } = flow('c', TODAY + 2000);
  const flows = [
    flow('a', TODAY),
    flow('b', TODAY + 1000, {
      app: 'tls/https',
      dport: 443,
      verdict: 'deny',
      violation: true,
      facts: { 'tls.sni': 'WWW.Example.org' },
    }),
    {
      ...plain,
      proto: 'udp',
      dst: '10.0.0.9',
      anomalies: ['tcp-overlap'],
      from: { kind: 'external' as const, id: 'external', name: 'external', why: '' },
    },
  ];
  write(...flows);
  for (const [name, filter, expected] of filters) {
    assert.deepEqual(ids(filter), expected, name);
    const inMemory = flows.filter((each) => passes(each, filter, groupOf)).map((each) => each.id);
    assert.deepEqual(inMemory.sort(), [...expected].sort(), name);
  }
  history.close();
});
