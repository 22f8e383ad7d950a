// Events and violations over the API.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventKindInfo, EventRecord, Page, Violations } from '../../hostd/api/schema.ts';
import { ask, get, house, now, V1 } from './api-house.ts';
import { askSocket, readEvents } from './ask.ts';
import { until, WEB } from './house.ts';

test('events: what happened, who it was about, filtered and paged', async () => {
  const kinds = await get(Page(EventKindInfo), '/event-kinds');
  assert.ok(kinds.items.some(({ name }) => name === 'threat'));
  const all = await until(async () => {
    const { items } = await get(Page(EventRecord), '/events');
    return items.filter(({ kind }) => kind === 'threat').length === 3 ? items : null;
  });
  assert.deepEqual(
    [...all].reverse().map(({ id }) => id),
    all.map(({ id }) => id).sort(),
  );
  const found = async (query: string) =>
    (await get(Page(EventRecord), `/events${query}`)).items.map(({ kind }) => kind);
  assert.deepEqual(await found('?kind=dataplane-connected,libvirt-connected').then((names) => names.sort()), [
    'dataplane-connected',
    'libvirt-connected',
  ]);
  assert.deepEqual(await found('?kind=threat&severity=high'), ['threat', 'threat']);
  assert.deepEqual(await found('?kind=threat&subject=web-1'), ['threat']);
  assert.deepEqual(await found(`?kind=threat&subject=${WEB}&q=SCAN`), ['threat']);
  assert.deepEqual(await found('?until=1h'), []);
  const first = await get(Page(EventRecord), '/events?kind=threat&limit=2');
  const second = await get(Page(EventRecord), `/events?kind=threat&limit=2&cursor=${first.next}`);
  assert.deepEqual([first.items.length, second.items.length, second.next], [2, 1, null]);
});

test('violations: one for all flows of an edge, acknowledged by root, told as an event', async () => {
  const at = Date.now();
  const violation = { srcSlot: 1, dstSlot: 2, violation: true, firstMs: at } as const;
  house.flows({ id: 901, dport: 6000, ...violation }, { id: 902, dport: 6000, sport: 40_001, ...violation });
  house.flows({ id: 903, dport: 6001, layers: [1], ...violation });
  const list = async (query: string) => (await get(Violations, `/violations?${query}`)).items;
  const [found] = await until(async () => {
    const items = await list('port=6000');
    return items[0]?.flows === 2 ? items : null;
  });
  assert.deepEqual(
    [found?.from.name, found?.app, found?.verdict, found?.decidedBy, found?.acknowledged],
    ['web-1', null, 'allow', 'mode', null],
  );
  assert.deepEqual(found?.modes, ['learn', 'learn']);
  assert.deepEqual(
    (await list('app=http&port=6001')).map(({ port }) => port),
    [6001],
  );
  assert.deepEqual(await list(`port=6000&to=${WEB}`), []);
  const path = `${V1}/violations/${found?.id}/acknowledge`;
  const body = JSON.stringify({ note: 'known' });
  assert.equal((await askSocket(house.config.sockets.api, path, { method: 'POST', body })).status, 403);
  assert.equal((await askSocket(house.admin, path, { method: 'POST', body })).status, 200);
  assert.deepEqual(await list('port=6000&acknowledged=no'), []);
  assert.equal((await list('port=6000'))[0]?.acknowledged?.note, 'known');
  assert.equal((await askSocket(house.admin, path, { method: 'DELETE' })).status, 200);
  assert.equal((await list('port=6000&acknowledged=no')).length, 1);
  assert.equal((await ask(`${V1}/violations/nonsense`)).status, 404);
  const told = async (port: number): Promise<string[]> =>
    (await get(Page(EventRecord), `/events?kind=violation&q=tcp/${port}`)).items.map(({ text }) => text);
  const [text = ''] = await until(async () => ((await told(6000)).length > 0 ? told(6000) : null));
  assert.match(text, /^web-1 to .*unknown on tcp\/6000: no rule allows it$/);
});

test('a violation whose application is recognised later stays one, in the list and as an event', async () => {
  const flow = {
    id: 904,
    srcSlot: 1,
    dstSlot: 2,
    dport: 6379,
    violation: true,
    firstMs: Date.now(),
  } as const;
  const list = async () => (await get(Violations, '/violations?port=tcp/6379')).items.map(({ app }) => app);
  house.flows(flow);
  await until(async () => ((await list())[0] === null ? true : null));
  house.flows({ ...flow, layers: [1] });
  await until(async () => ((await list())[0] === 'http' ? true : null));
  assert.deepEqual(await list(), ['http']);
  const events = await until(async () => {
    const { items } = await get(Page(EventRecord), '/events?kind=violation&q=tcp/6379');
    return items.length > 0 ? items : null;
  });
  assert.equal(events.length, 1);
});

test('the stream tells events as they happen, its filters hold', async () => {
  let begun = false;
  const events = await readEvents(
    house.config.sockets.api,
    `${V1}/stream?kinds=events,status&event=threat&severity=critical`,
    (events) => {
      if (!begun)
        house.threats(
          { id: 20, threat: 2, src: [192, 0, 2, 20], firstMs: now },
          { id: 21, threat: 1, src: [192, 0, 2, 21], firstMs: now },
        );
      begun = true; // the stream begins with the status as it is
      return events.some((event) => event.kind === 'events');
    },
    60_000,
  );
  const told = events.flatMap((event) => (event.events as EventRecord[] | undefined) ?? []);
  assert.deepEqual(
    told.map(({ data }) => data.threat),
    ['land'],
  );
});
