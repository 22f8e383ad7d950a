import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Receipt } from '../../dp/contract/protocol.ts';
import type { Flow, Threat } from '../api/schema.ts';
import { GraphEdge, Violation } from '../api/schema.ts';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import type { RuleCount } from '../base/rule-count.ts';
import { DAY_MS, dayOf, startOf } from './day.ts';
import { type FlowFilter, passes } from './flow-filter.ts';
import { HeldFile } from './held-file.ts';
import { History } from './history.ts';
import { pastEvidence } from './past-evidence.ts';
import { pastViolations } from './past-violations.ts';
import { type EdgeMinute, flowRow } from './rows.ts';
import { HistoryStore } from './store.ts';
import { ThreatFile, threatRow } from './threat-file.ts';

const folders: string[] = [];
const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'hos-history-'));
  folders.push(made);
  return made;
};
after(() => {
  for (const made of folders) rmSync(made, { recursive: true, force: true });
});

const groupOf = (end: { name: string }): string => end.name.replace(/-\d+$/, '');
const TODAY = Date.parse('2026-11-20T12:00:00Z');
const iso = (ms: number): string => new Date(ms).toISOString();

const end = (name: string) => ({ kind: 'vm' as const, id: `uuid-${name}`, name, why: 'a test' });

function flow(id: string, first: number, change: Partial<Flow> = {}): Flow {
  return {
    type: 'flow',
    id,
    parent: null,
    segment: 'net',
    proto: 'tcp',
    src: '10.0.0.1',
    sport: 40_000,
    dst: '10.0.0.2',
    dport: 5432,
    direction: 'seen',
    app: 'postgresql',
    confidence: 'sure',
    tunnel: [],
    packets: [1, 1],
    bytes: [100, 200],
    first: iso(first),
    last: iso(first),
    end: null,
    from: end('web-1'),
    to: end('db-1'),
    threats: [],
    anomalies: [],
    ...change,
  };
}

function store(options: { folder?: string; now?: () => number; retentionDays?: number } = {}) {
  const setAside: string[] = [];
  const made = new HistoryStore({
    folder: options.folder ?? folder(),
    retentionDays: options.retentionDays ?? 7,
    now: options.now ?? (() => TODAY),
    onSetAside: (file, reason) => setAside.push(`${file}: ${reason}`),
  });
  const write = (...flows: Flow[]): void =>
    made.write(
      flows.map((each) => flowRow(each, groupOf, false)),
      [],
      null,
    );
  const ids = (filter: FlowFilter = {}, limit = 100): string[] =>
    made.flows(filter, null, limit).rows.map((row) => row.id);
  return { store: made, setAside, write, ids };
}

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
  ['port', { port: 443 }, ['b']],
  ['verdict', { verdict: 'deny' }, ['b']],
  ['violation', { verdict: 'violation' }, ['b']],
  ['text in a fact', { text: 'example' }, ['b']],
  ['text in an anomaly', { text: 'overlap' }, ['c']],
  ['text with SQL in it', { text: "' or 1=1 --" }, []],
  ['several at once', { app: 'tls', port: 5432 }, []],
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

test('evidence: what may teach policy, by ends and service, over midnight once', () => {
  const { store: history, write } = store();
  const midnight = startOf(dayOf(TODAY));
  const outside = { kind: 'external' as const, id: 'external', name: 'external', why: 'a test' };
  write(flow('over', midnight - 1000), flow('same', midnight - 500, { sport: 40_001, end: 'fin' }));
  write(flow('over', midnight - 1000, { last: iso(midnight + 1000) }));
  write(
    flow('out-1', TODAY, { to: outside, dst: '192.0.2.1' }),
    flow('out-2', TODAY, { to: outside, dst: '192.0.2.2' }),
    flow('scan', TODAY, { threats: ['port-scan'] }),
    flow('guessed', TODAY, { direction: 'inferred' }),
    flow('data', TODAY, { parent: 'control' }),
    flow('young', TODAY, { app: undefined, confidence: undefined }),
    flow('nobody', TODAY, { from: undefined }),
  );
  const window = { since: midnight - 10_000, begun: 0, until: TODAY + 1000, settled: TODAY - 9000 };
  const found = pastEvidence(history.evidence(window));
  const told = found.map(({ from, to, app, port, direction, flagged, flows, first, last }) =>
    [from.name, to.address ?? to.name, app, port, direction, flagged, flows, last - first].join(' '),
  );
  assert.deepEqual(told.sort(), [
    'web-1 192.0.2.1 postgresql 5432 seen false 1 0',
    'web-1 192.0.2.2 postgresql 5432 seen false 1 0',
    'web-1 db-1 postgresql 5432 inferred false 1 0',
    'web-1 db-1 postgresql 5432 seen false 2 2000',
    'web-1 db-1 postgresql 5432 seen true 1 0',
  ]);
  const begun = { since: TODAY, begun: TODAY, until: TODAY, settled: TODAY + 1 };
  const [young] = pastEvidence(history.evidence(begun)).filter(({ app }) => app === null);
  assert.equal(young?.example, 'young');
  assert.deepEqual(history.evidence({ ...begun, since: TODAY + 1, begun: TODAY + 1, until: TODAY + 2 }), []);
  history.close();
});

test('violations: by edge, service and what decided, of a noisy source only the latest', () => {
  const { store: history, write } = store();
  const midnight = startOf(dayOf(TODAY));
  const denied = { violation: true, verdict: 'deny', decidedBy: 'rule', rule: 'no-telnet' } as const;
  const unruled = { violation: true, verdict: 'allow', decidedBy: 'mode' } as const;
  write(flow('a', midnight - 1000, unruled), flow('b', TODAY, unruled), flow('fine', TODAY));
  write(flow('c', TODAY, { ...denied, app: 'telnet', dport: 23 }));
  const scan = Array.from({ length: 30 }, (_, port) =>
    flow(`scan-${port}`, TODAY - 60_000 + port, {
      ...unruled,
      from: end('scanner'),
      dport: port,
      app: undefined,
    }),
  );
  write(...scan);
  const rows = history.violations(midnight - 10_000, TODAY + 1000, 5);
  const mark = { at: iso(TODAY), by: 'root', note: 'known' };
  const first = pastViolations({ rows, marks: {} }, 5);
  const telnet = first.violations.find(({ rule }) => rule === 'no-telnet');
  assert.ok(telnet);
  const { violations, sources } = pastViolations({ rows, marks: { [telnet.id]: mark } }, 5);
  const told = violations.map((violation) => {
    const parsed = Violation.parse(violation);
    return [parsed.from.name, parsed.app, parsed.port, parsed.verdict, parsed.rule, parsed.flows].join(' ');
  });
  assert.deepEqual(told.slice(0, 2).sort(), [
    'web-1 postgresql 5432 allow  2',
    'web-1 telnet 23 deny no-telnet 1',
  ]);
  assert.deepEqual(
    told.slice(2),
    [29, 28, 27, 26, 25].map((port) => `scanner  ${port} allow  1`),
  );
  assert.deepEqual(
    sources.map(({ from, violations: count }) => [from.name, count]),
    [['scanner', 30]],
  );
  assert.equal(violations.find(({ rule }) => rule !== null)?.acknowledged?.note, 'known');
  history.close();
});

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

function threat(id: string, change: Partial<Threat> = {}): Threat {
  const time = iso(TODAY);
  return {
    ...{ id, name: 'scan', severity: 'medium', action: 'alert', first: time, last: time, count: 1 },
    ...{ segment: 'net', proto: 'tcp', src: '10.0.0.1', sport: 1, dst: '10.0.0.2', dport: 2 },
    ...{ nic: 'vnet1', sender: 'guest', source: '10.0.0.1', flow: null, evidence: '', acknowledged: null },
    ...change,
  };
}

test('incidents are kept with what was said of them, through restart and older states that come again', async () => {
  const place = folder();
  const open = () =>
    new History({
      folder: place,
      retentionDays: 7,
      clock: systemClock,
      log: silentLog,
      groupOf,
      isLeg: () => false,
    });
  const first = open();
  first.keepThreats([threat('a', { count: 5 }), threat('b'), threat('c')]);
  await first.acknowledge(['a', 'c'], { at: iso(TODAY), by: 'ann', note: 'ours' });
  await first.acknowledge(['c'], null);
  first.keepThreats([threat('a', { count: 9 })]);
  await first.flush();
  first.keepThreats([threat('a', { count: 5 })]);
  first.forgetThreats(['b']);
  await first.close();
  const second = open();
  const found = (await second.threats()).map(({ id, count, acknowledged }) => [
    id,
    count,
    acknowledged?.note,
  ]);
  assert.deepEqual(found.sort(), [
    ['a', 9, 'ours'],
    ['c', 1, undefined],
  ]);
  await second.close();
});

test('a broken file of incidents is set aside, and the next begins', () => {
  const place = folder();
  writeFileSync(
    join(place, 'threats.sqlite'),
    'no database at all, but long enough to be read as one'.repeat(20),
  );
  const setAside: string[] = [];
  const store = new HeldFile({
    folder: place,
    name: 'threats.sqlite',
    open: (path) => new ThreatFile(path),
    now: () => TODAY,
    onSetAside: (file) => setAside.push(file),
  });
  store.with((file) => file.write([threatRow(threat('a'))], []));
  assert.deepEqual(
    store.with((file) => file.load()).map(({ id }) => id),
    ['a'],
  );
  store.close();
  assert.deepEqual(setAside, [`threats.sqlite.broken-${TODAY}`]);
});

const counted = (id: string, change: Partial<RuleCount> = {}): RuleCount => ({
  ...{ id, meaning: 'a', since: TODAY, flows: 1, packets: [1, 2], bytes: [10, 20], last: TODAY },
  ...{ watched_ms: 0, idle_ms: 0, reading: 0, gone: null, told: false },
  ...change,
});

test('counters of rules are on disk with the batch up to which they count', async () => {
  const place = folder();
  const open = (onKept: (receipt: Receipt) => void = () => undefined) =>
    new History({
      ...{
        folder: place,
        retentionDays: 7,
        clock: systemClock,
        log: silentLog,
        write_interval_ms: 3_600_000,
      },
      ...{ groupOf, isLeg: () => false, onKept },
    });
  const history = open();
  assert.deepEqual(await history.rules(), { rules: [], watched_ms: 0, receipt: null });
  history.keepRules([counted('a'), counted('b')], [], 500);
  history.keepReceipt({ instance: 'dp1', batch: 7 });
  history.keepRules([counted('a', { flows: 2 })], ['b'], 1500.5);
  await history.close();
  const next = open();
  assert.deepEqual(await next.rules(), {
    rules: [counted('a', { flows: 2 })],
    watched_ms: 1501,
    receipt: { instance: 'dp1', batch: 7 },
  });
  await next.close();
});
