// A real vmoat-dp: welcomes, reports flows, survives kill -9, leaves or removes its pins as it was told.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, beforeEach, test } from 'node:test';
import { type AddressRecord, DataplaneClient, type FlowJson, flowJson } from '../../dp/client/index.ts';
import type { DpStatus, Nics, TappedNic, Welcome } from '../../dp/contract/protocol.ts';
import { promised } from '../promised.ts';
import { hasLab, Lab } from './lab.ts';

const options = { skip: hasLab ? false : 'needs root', timeout: 60_000 };

let lab: Lab;
let client: DataplaneClient;

beforeEach(() => {
  if (!hasLab) return;
  lab = new Lab('ser');
  lab.open();
  client = new DataplaneClient({ socket: lab.socket, client: 'test' });
});
afterEach(async () => {
  if (!hasLab) return;
  client.stop();
  await lab.close();
});

async function welcomed(): Promise<Welcome> {
  client.start();
  if (client.welcome) return client.welcome;
  const [welcome] = await once(client, 'connected');
  return welcome;
}

/** The first event of a kind that `holds`. */
async function until<T>(
  event: 'nics' | 'flows' | 'addresses' | 'status',
  holds: (value: never) => T | undefined,
): Promise<T> {
  for (;;) {
    const [value] = await once(client, event);
    const found = holds(value as never);
    if (found !== undefined) return found;
  }
}
const tapped = ({ nics }: Nics): TappedNic | undefined =>
  nics.find((nic) => nic.tap === 'vmtap0' && nic.hook !== 'none');

const pings = (): Promise<FlowJson> =>
  until('flows', (batch: Iterable<never>) => {
    for (const record of batch) {
      const registry = client.welcome?.registry;
      const flow = registry && flowJson(record, registry, '');
      if (flow?.app === 'icmp' && flow.dst === '10.77.0.1' && flow.packets[0] > 0) return flow;
    }
    return undefined;
  });

test('it taps what it is told to, and reports flows, addresses and its own state', options, async () => {
  const dp = lab.dp('--detach-on-exit');
  const welcome = await welcomed();
  assert.equal(welcome.pid > 0, true);
  const nic = await until('nics', tapped);
  assert.ok(nic.slot > 0);
  const learned = until('addresses', (records: AddressRecord[]) =>
    records.find(({ address }) => address === '10.77.0.2'),
  );
  const flow = pings();
  lab.ping(5);
  const { src, proto, packets } = await flow;
  assert.deepEqual([src, proto], ['10.77.0.2', 'icmp']);
  assert.deepEqual([packets[0] > 0, packets[1] > 0], [true, true], String(packets));
  assert.equal((await learned).slot, nic.slot);
  const status = await until('status', (value: DpStatus) => (value.frames > 0 ? value : undefined));
  assert.deepEqual(
    Object.values(status.lost).filter((count) => count > 0),
    [],
  );
  assert.equal(status.use.pid, welcome.pid);
  dp.child.kill('SIGTERM');
  assert.equal(await dp.exited, 0, dp.output());
  assert.deepEqual(lab.pinned(), []);
  for (const line of dp.output().trim().split('\n')) assert.doesNotThrow(() => JSON.parse(line), line);
});

test(
  'after kill -9 and a restart it is fully back within 2 s, with the same NIC once',
  options,
  async (context) => {
    const first = lab.dp();
    const before = await welcomed();
    const { slot } = await until('nics', tapped);
    const gone = once(client, 'disconnected');
    first.child.kill('SIGKILL');
    await gone;
    lab.ping(3);
    const start = performance.now();
    const second = lab.dp('--detach-on-exit');
    const [after] = await once(client, 'connected');
    assert.notEqual(after.instance, before.instance);
    const nics = await until('nics', (value: Nics) => (tapped(value) ? value.nics : undefined));
    promised(context, 'a new dp has the NIC', 2000, performance.now() - start);
    assert.deepEqual(
      nics.filter((nic) => nic.tap === 'vmtap0').map((nic) => nic.slot),
      [slot],
    );
    const flow = pings();
    lab.ping(3);
    await flow;
    second.child.kill('SIGTERM');
    assert.equal(await second.exited, 0, second.output());
  },
);

test('one at a time; SIGTERM leaves the pins, --restore takes them', options, async () => {
  const dp = lab.dp();
  await welcomed();
  await until('nics', tapped);
  for (const flags of [['--restore'], ['--socket', `${lab.socket}-2`]]) {
    const other = lab.dp(...flags);
    assert.equal(await other.exited, 1);
    assert.match(other.output(), /another vmoat-dp runs/);
  }
  dp.child.kill('SIGTERM');
  assert.equal(await dp.exited, 0, dp.output());
  assert.ok(lab.pinned().length > 0);
  const restore = lab.dp('--restore');
  assert.equal(await restore.exited, 0, restore.output());
  assert.deepEqual(lab.pinned(), []);
  assert.doesNotMatch(lab.hooks(), /clsact/);
  const again = lab.dp('--restore');
  assert.equal(await again.exited, 0, again.output());
});

test('wrong use ends with 2 and says why', options, async () => {
  const dp = lab.dp('--nonsense');
  assert.equal(await dp.exited, 2);
  assert.match(dp.output(), /nonsense/);
});
