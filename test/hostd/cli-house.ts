// A hostd with something for each table, and the command line run against it.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { Flow, Page, Status, Threat, Workload } from '../../hostd/api/schema.ts';
import { askSocket } from './ask.ts';
import { House, until, WEB } from './house.ts';
import { T0 } from './records.ts';
import { type Ran, runCli } from './run-cli.ts';

export const house = new House((config) => {
  const at = { host: '127.0.0.1', facility: 'daemon', appName: 'vmoat', ca: null, timeoutMs: 1000 } as const;
  config.syslog = [{ name: 'central', transport: 'udp', port: 9, ...at }];
});
const NOW = T0 + 5000;

/** Runs a command line as a person would. */
export const vmoat = (
  argv: string[],
  { socket = house.config.sockets.api, colour = false } = {},
): Promise<Ran> => runCli(['--socket', socket, ...argv], { now: () => NOW, colour });

export const good = async (...argv: string[]): Promise<string> => {
  const { code, out, err } = await vmoat(argv);
  assert.deepEqual([code, err], [0, '']);
  return out;
};
export const api = async (path: string): Promise<unknown> =>
  (await askSocket(house.config.sockets.api, `/api/v1${path}`)).json;

process.env.TZ = 'UTC';

before(async () => {
  await house.open();
  await until(async () => Status.parse(await api('/status')).libvirt.domains === 3);
  await until(async () => Status.parse(await api('/status')).nics.tapped === 2);
  house.addresses();
  house.status();
  await until(async () => Workload.parse(await api(`/workloads/${WEB}`)).nics[0]?.addresses.length);
  house.flows(
    { id: 1, srcSlot: 1, dstSlot: 2, dport: 5432, layers: [4], lastMs: T0 + 100 },
    {
      id: 2,
      srcSlot: 1,
      dst: [192, 0, 2, 7],
      dport: 443,
      layers: [2, 3],
      firstMs: T0 + 1000,
      end: 1,
      facts: [[2, Buffer.from('evil\u001b]0;x\u0007')]],
    },
    {
      id: 3,
      srcSlot: 2,
      src: [10, 0, 0, 2],
      dstSlot: 1,
      dst: [10, 0, 0, 1],
      proto: 1,
      sport: 7,
      dport: 2048,
      firstMs: T0 + 2000,
      violation: true,
      bytes: [98, 1_250_000],
    },
  );
  await until(
    async () => Page(Flow).parse(await api('/flows?since=2026-01-01T00:00:00Z')).items.length === 3,
  );
  house.threats(
    { id: 1, dport: 5432, count: 7, lastMs: T0 + 100, evidence: 'ports 1-20\u001b[2J' },
    { id: 2, dst: [192, 0, 2, 7], lastMs: T0 + 200 },
    { id: 3, threat: 1, slot: 2, fromNic: false, src: [192, 0, 2, 9], lastMs: T0 + 50 },
  );
  await until(async () => Page(Threat).parse(await api('/threats')).items.length === 3);
});
after(() => house.close());
