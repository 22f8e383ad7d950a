// What is held in files of its own: incidents, counters of rules.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Receipt } from '../../dp/contract/protocol.ts';
import type { Threat } from '../api/schema.ts';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import type { RuleCount } from '../base/rule-count.ts';
import { HeldFile } from './held-file.ts';
import { History } from './history.ts';
import { folder, groupOf, iso, TODAY } from './history-fixture.ts';
import { ThreatFile, threatRow } from './threat-file.ts';

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
