// Response rules that change the policy, in a whole hostd.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { EventRecord, Page, Status, Workload } from '../../hostd/api/schema.ts';
import { readPolicy } from '../../hostd/policy/document/parse.ts';
import { isIsolated } from '../../hostd/policy/isolation.ts';
import { LivePolicy } from '../../hostd/policy/shapes.ts';
import { askSocket } from './ask.ts';
import { DB, House, until, WEB } from './house.ts';

const house = new House((config) => {
  config.responses = [
    { name: 'cut', when: { kinds: ['threat'], severity: 'critical' }, do: [{ isolate: true }] },
    { name: 'watch', when: { name: 'ssh-*', group: 'vm.web-1' }, do: [{ mode: 'monitor' }] },
  ];
});
const api = async (path: string) => (await askSocket(house.config.sockets.api, `/api/v1${path}`)).json;
const live = async () => {
  const { text, version } = LivePolicy.parse(await api('/policy'));
  return { document: readPolicy(text, 'policy').document, version: version?.version ?? 0 };
};
const events = async (kind: string) => Page(EventRecord).parse(await api(`/events?kind=${kind}`)).items;

before(async () => {
  await house.open();
  await until(async () => Status.parse(await api('/status')).libvirt.domains === 3);
  await until(async () => Status.parse(await api('/status')).nics.tapped === 2);
  house.addresses();
  await until(async () => Workload.parse(await api(`/workloads/${WEB}`)).nics[0]?.addresses.length);
});
after(() => house.close());

test('a critical threat isolates who did it, once; a person releases it', async () => {
  house.threats({ id: 1, threat: 1, slot: 1, dst: [10, 0, 0, 2] });
  const [acted] = await until(async () => {
    const found = await events('response-acted');
    return found.length ? found : null;
  });
  assert.deepEqual(acted?.subjects, [{ kind: 'vm', id: WEB, name: 'web-1' }]);
  const { document, version } = await live();
  assert.deepEqual([isIsolated(document, WEB), isIsolated(document, DB), version], [true, false, 1]);
  assert.equal(Workload.parse(await api(`/workloads/${WEB}`)).mode, 'protect');
  house.threats({ id: 2, threat: 1, slot: 1, src: [10, 0, 0, 1], dst: [192, 0, 2, 1] });
  house.threats({ id: 3, threat: 2, slot: 2, src: [10, 0, 0, 2], dst: [192, 0, 2, 2] });
  await until(async () => (await events('threat')).some(({ data }) => data.threat === 'ssh-v1'));
  assert.equal((await live()).version, 1, 'neither again, nor for what no rule speaks of');
  const path = `/api/v1/workloads/${WEB}/release`;
  assert.equal((await askSocket(house.admin, path, { method: 'POST' })).status, 200);
  assert.equal(isIsolated((await live()).document, WEB), false);
  assert.equal((await askSocket(house.admin, path, { method: 'POST' })).status, 404);
});

test('a threat of one group sets the mode of its VM', async () => {
  house.threats({ id: 4, threat: 2, slot: 1, dst: [192, 0, 2, 4] });
  await until(async () => Workload.parse(await api(`/workloads/${WEB}`)).mode === 'monitor');
  const acted = await until(async () => {
    const found = await events('response-acted');
    return found.length === 2 ? found : null;
  });
  assert.equal(acted[0]?.data.action, 'mode monitor');
});
