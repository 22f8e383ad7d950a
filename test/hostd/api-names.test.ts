// Names that DNS taught, over the API.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LearnedName, Page, Problem } from '../../hostd/api/schema.ts';
import { ask, get, now, V1 } from './api-house.ts';
import { DB, WEB } from './house.ts';

test('names: newest first, with who asked and until when they count', async () => {
  const { items } = await get(Page(LearnedName), '/names');
  assert.deepEqual(
    items.map(({ name, workload }) => [name, workload]),
    [
      ['www.example.net', null],
      ['example.org', DB],
      ['www.example.org', WEB],
    ],
  );
  const iso = (ms: number): string => new Date(ms).toISOString();
  assert.deepEqual(items[2], {
    name: 'www.example.org',
    address: '192.0.2.1',
    nic: 'vnet1',
    workload: WEB,
    workloadName: 'web-1',
    segment: items[2]?.segment,
    server: '10.0.0.254',
    ttl: 300,
    first: iso(now - 3000),
    seen: iso(now - 3000),
    until: iso(now + 327_000),
  });
});

const nameFilters: [query: string, count: number][] = [
  ['?name=*.example.org', 1],
  ['?name=*EXAMPLE.ORG', 2],
  ['?name=www.example.*', 2],
  ['?name=www.example.???', 2],
  ['?name=example.org.', 1],
  ['?name=example', 0],
  ['?address=192.0.2.1', 2],
  ['?address=2001:db8::1', 0],
  ['?workload=web-1', 1],
  ['?workload=off-1', 0],
  ['?nic=vnet2', 1],
  ['?name=*.example.org&address=192.0.2.2', 0],
];

for (const [query, count] of nameFilters)
  test(`names${query} finds ${count}`, async () => {
    assert.equal((await get(Page(LearnedName), `/names${query}`)).items.length, count);
  });

test('pages of names follow each other', async () => {
  const first = await get(Page(LearnedName), '/names?limit=2');
  const second = await get(Page(LearnedName), `/names?limit=2&cursor=${first.next}`);
  assert.deepEqual([first.items.length, second.items.length, second.next], [2, 1, null]);
  const other = await ask(`${V1}/names?limit=1&name=*&cursor=${first.next}`);
  assert.deepEqual([other.status, Problem.parse(other.json).code], [400, 'bad_cursor']);
});
