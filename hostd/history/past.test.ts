// What past flows say: evidence for policy, and violations.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Violation } from '../api/schema.ts';
import { dayOf, startOf } from './day.ts';
import { end, flow, iso, store, TODAY } from './history-fixture.ts';
import { pastEvidence } from './past-evidence.ts';
import { pastViolations } from './past-violations.ts';

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
