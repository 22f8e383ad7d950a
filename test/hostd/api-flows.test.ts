// VMs, flows, the graph and the stream, as the API has them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Flow, Graph, Page, Problem, Workload } from '../../hostd/api/schema.ts';
import { ask, get, house, V1 } from './api-house.ts';
import { readEvents } from './ask.ts';
import { DB, WEB } from './house.ts';

test('workloads and NICs are joined from libvirt and the data plane', async () => {
  const { items } = await get(Page(Workload), '/workloads');
  assert.deepEqual(items.map((workload) => workload.state).sort(), ['running', 'running', 'shutoff']);
  const web = await get(Workload, '/workloads/web-1');
  assert.equal(web.id, WEB);
  assert.deepEqual(
    web.nics.map((nic) => [nic.tap, nic.hook, nic.segment, nic.addresses]),
    [['vnet1', 'tcx', 'br0', [{ address: '10.0.0.1', source: 'arp' }]]],
  );
  const off = await get(Workload, '/workloads/off-1');
  assert.deepEqual([off.nics[0]?.hook, off.nics[0]?.reason], ['none', 'the VM does not run']);
});

const naming: [string, string, string][] = [
  ['UUID', WEB, 'web-1'],
  ['UUID in capitals', WEB.toUpperCase(), 'web-1'],
  ['beginning of the UUID', WEB.slice(0, 6), 'web-1'],
  ['name', 'web-1', 'web-1'],
  ['name in capitals', 'WEB-1', 'web-1'],
];

for (const [way, wanted, name] of naming)
  test(`a workload is found by ${way}`, async () => {
    assert.equal((await get(Workload, `/workloads/${encodeURIComponent(wanted)}`)).name, name);
  });

const filters: [string, number][] = [
  ['', 3],
  ['?from=web-1', 2],
  [`?from=${WEB}`, 2],
  ['?to=web-1', 1],
  ['?workload=10.0.0.2', 2],
  ['?to=external', 1],
  ['?app=postgresql', 1],
  ['?app=tls', 1],
  ['?app=unknown', 1],
  ['?port=443', 1],
  ['?port=tcp/440-449', 1],
  ['?proto=tcp&port=tcp/443', 1],
  ['?proto=icmp&port=8', 0],
  ['?verdict=violation', 1],
  ['?verdict=deny', 0],
  ['?q=example.ORG', 1],
  ['?group=web', 3],
  ['?proto=TCP', 3],
  ['?since=1h', 3],
  ['?until=1h', 0],
];

for (const [query, count] of filters)
  test(`flows${query} finds ${count}`, async () => {
    assert.equal((await get(Page(Flow), `/flows${query}`)).items.length, count);
  });

test('pages follow each other, and a cursor fits only its own query', async () => {
  const seen: string[] = [];
  let cursor = '';
  do {
    const page = await get(Page(Flow), `/flows?limit=1${cursor && `&cursor=${cursor}`}`);
    seen.push(...page.items.map((flow) => flow.dport.toString()));
    cursor = page.next ?? '';
  } while (cursor);
  assert.deepEqual(seen, ['9999', '443', '5432']);
  const { next } = await get(Page(Flow), '/flows?limit=1&from=web-1');
  const other = await ask(`${V1}/flows?limit=1&cursor=${next}`);
  assert.deepEqual([other.status, Problem.parse(other.json).code], [400, 'bad_cursor']);
});

test('the live graph has every VM and every edge once', async () => {
  const graph = await get(Graph, '/graph');
  assert.deepEqual(graph.nodes.map((node) => node.kind).sort(), ['external', 'vm', 'vm', 'vm']);
  const postgres = graph.edges.find((edge) => edge.app === 'postgresql');
  assert.deepEqual([postgres?.from, postgres?.to, postgres?.port, postgres?.open], [WEB, DB, 5432, 1]);
  assert.equal(graph.edges.find((edge) => edge.port === 9999)?.violations, 1);
  const groups = await get(Graph, '/graph?level=group');
  assert.deepEqual(
    groups.nodes
      .map((node) => node.name)
      .filter((name) => name === 'web' || name === 'external')
      .sort(),
    ['external', 'web'],
  );
});

test('the graph of a past window comes from the history', async () => {
  const past = await get(Graph, '/graph?since=10m');
  assert.equal(past.edges.length, 3);
  assert.deepEqual(past.edges.find((edge) => edge.app === 'postgresql')?.bytes, [1000, 2000]);
  const before = await get(Graph, '/graph?since=2h&until=1h');
  assert.equal(before.edges.length, 0);
  assert.equal(before.nodes.length, 3);
});

test('the stream tells a new flow at once, its filters hold, and the graph follows', async () => {
  let told = false;
  const tellOnce = (): void => {
    if (told) return;
    told = true;
    house.flows(
      { id: 10, srcSlot: 1, dport: 80, layers: [1] },
      { id: 11, srcSlot: 1, dport: 53, proto: 17, layers: [5] },
    );
  };
  const events = await readEvents(
    house.config.sockets.api,
    `${V1}/stream?kinds=flows,graph&app=dns`,
    (events) => {
      tellOnce(); // the stream begins with the graph as it is
      const graphs = events.filter((event) => event.kind === 'graph').length;
      return events.some((event) => event.kind === 'flows') && graphs >= 2;
    },
  );
  const flows = events.filter((event) => event.kind === 'flows').flatMap((event) => event.flows as Flow[]);
  assert.deepEqual(
    flows.map((flow) => flow.app),
    ['dns'],
  );
});
