// What outlives vmoat-dp and hostd.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventRecord, Flow, Page, Status, Threat, Workload } from '../../hostd/api/schema.ts';
import { promised } from '../promised.ts';
import { get, house, V1 } from './api-house.ts';
import { askSocket } from './ask.ts';
import { until } from './house.ts';

test('hostd survives the end of dp, says so, and is back within two seconds', async (context) => {
  await house.closeDataplane();
  const gone = await until(async () => {
    const status = await get(Status, '/status');
    return status.dataplane.state === 'reconnecting' ? status : null;
  });
  assert.match(gone.dataplane.reason, /vmoat-dp|ENOENT|ECONNREFUSED/);
  assert.equal((await get(Page(Workload), '/workloads')).items.length, 3);
  await house.openDataplane();
  const opened = Date.now();
  const back = await until(async () => {
    const status = await get(Status, '/status');
    return status.dataplane.state === 'connected' ? status : null;
  });
  promised(context, 'hostd is connected to the new dp', 2000, Date.now() - opened);
  assert.equal(back.dataplane.reconnects, 1);
  const flow = (await get(Page(Flow), '/flows?app=postgresql')).items[0];
  assert.equal(flow?.end, 'evicted');
});

test('incidents and what was said of them outlive hostd; what dp sends again changes nothing', async () => {
  const [scan] = (await get(Page(Threat), '/threats?name=scan')).items;
  const acknowledge = `${V1}/threats/${scan?.id}/acknowledge`;
  assert.equal((await askSocket(house.admin, acknowledge, { method: 'POST' })).status, 200);
  const before = await get(Page(Threat), '/threats');
  await house.daemon?.stop();
  await house.openDaemon();
  await until(async () => (await get(Status, '/status')).dataplane.state === 'connected');
  assert.deepEqual(await get(Page(Threat), '/threats'), before);
  assert.equal((await get(Threat, `/threats/${scan?.id}`)).acknowledged?.by, 'root');
});

test('events outlive hostd, which says that it began anew', async () => {
  const before = (await get(Page(EventRecord), '/events?kind=threat')).items;
  await house.daemon?.stop();
  await house.openDaemon();
  const starts = await until(async () => {
    const { items } = await get(Page(EventRecord), '/events?kind=hostd-started');
    return items.length >= 3 ? items : null;
  });
  assert.equal(starts.length, 3);
  assert.deepEqual((await get(Page(EventRecord), '/events?kind=threat')).items, before);
});

test('a second hostd on the same socket is refused; after a kill the stale socket is taken over', async () => {
  await assert.rejects(house.openDaemon(), { code: 'listen_failed' });
});
