import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  hasFilter,
  hasThreatFilter,
  home,
  noThreatFilter,
  type Place,
  readPlace,
  spanOf,
  writePlace,
} from './place.ts';

test('every place survives the way through a URL', () => {
  const places: Place[] = [
    home,
    { ...home, view: 'flows', follow: false, window: { kind: 'last', name: '1h' } },
    {
      view: 'list',
      selection: { kind: 'edge', id: 'a>b/tcp/80/http & more?#' },
      window: { kind: 'span', since: '2026-01-01T00:00:00.000Z', until: '2026-01-02T00:00:00.000Z' },
      filter: { workload: 'web', app: 'http', port: '80', verdict: 'violation', text: '<b>ü' },
      threats: noThreatFilter,
      follow: true,
    },
    {
      ...home,
      view: 'threats',
      selection: { kind: 'threat', id: 'a-1' },
      threats: { name: 'port-scan', severity: 'high', all: true },
    },
  ];
  for (const place of places) assert.deepEqual(readPlace(writePlace(place)), place);
});

test('the start has no query', () => {
  assert.equal(writePlace(home), '');
  assert.ok(!hasFilter(home.filter));
  assert.ok(!hasThreatFilter(home));
  assert.ok(hasThreatFilter({ ...home, threats: { ...noThreatFilter, severity: 'low' } }));
});

test('a malformed query falls back, field by field', () => {
  const place = readPlace(
    '?view=attic&port=99999&verdict=maybe&severity=worst&acknowledged=some&since=yesterday&until=2026-01-01&node=&window=9y',
  );
  assert.deepEqual(place, home);
  assert.equal(readPlace(`?q=${'x'.repeat(5000)}`).filter.text.length, 200);
  assert.deepEqual(readPlace('?since=2026-01-02&until=2026-01-01').window, { kind: 'live' });
});

test('a window becomes a span that ends now', () => {
  const now = Date.parse('2026-01-01T01:00:00Z');
  assert.equal(spanOf({ kind: 'live' }, now), null);
  assert.deepEqual(spanOf({ kind: 'last', name: '15m' }, now), {
    since: '2026-01-01T00:45:00.000Z',
    until: '2026-01-01T01:00:00.000Z',
  });
});
