import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeThreats } from '../../dp/client/index.ts';
import { T0, type ThreatFields, threatBytes, threatKinds } from '../../test/hostd/records.ts';
import { Threat, type WorkloadRef } from '../api/schema.ts';
import { ManualClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import type { ThreatEnds } from './incident.ts';
import { Journal } from './journal.ts';
import { marked } from './marks.ts';
import { Threats } from './threats.ts';

const INSTANCE = 'instance-of-dp';
const vm = (name: string): WorkloadRef => ({ kind: 'vm', id: `uuid-${name}`, name, why: 'a test' });
const external: WorkloadRef = { kind: 'external', id: 'external', name: 'external', why: 'a test' };

function setUp(options: { max?: number; keep_ms?: number } = {}) {
  const owners = new Map<string, WorkloadRef>([
    ['10.0.0.1', vm('web')],
    ['10.0.0.2', vm('db')],
  ]);
  const nameOf = (address: string | null) => owners.get(address ?? '') ?? external;
  const clock = new ManualClock(T0);
  const [told, fresh, forgotten]: [Threat[], Threat[], string[]] = [[], [], []];
  const kept: [string[], string | undefined][] = [];
  const failing = { disk: false };
  const threats = new Threats({
    clock,
    keep_ms: options.keep_ms ?? 86_400_000,
    ...(options.max !== undefined && { max: options.max }),
    nameEnds: ({ src, dst, slot }: ThreatEnds) => ({
      from: nameOf(src),
      to: nameOf(dst),
      segment: 'net',
      nic: `vnet${slot}`,
    }),
    groupOf: (end) => end.name,
    onThreats: (changed) => told.push(...changed),
    onNew: (threat) => fresh.push(threat),
    onForgotten: (ids) => forgotten.push(...ids),
    keepAcknowledgement: async (ids, acknowledged) => {
      if (failing.disk) throw new Error('the disk is full');
      kept.push([ids, acknowledged?.note]);
    },
  });
  threats.learnKinds(threatKinds);
  const take = (...records: ThreatFields[]): void =>
    threats.take(decodeThreats(threatBytes(...records)), INSTANCE);
  return { threats, take, told, fresh, forgotten, kept, failing, owners, clock };
}

const acknowledged = (note = '') => ({ at: new Date(T0).toISOString(), by: 'ann', note });
const idsOf = (threats: Threats): string[] => threats.find({}, null, 100).threats.map(({ id }) => id);

test('a record becomes an incident with names, severity and the proof as it came', () => {
  const { take, told } = setUp();
  take({ id: 7, threat: 1, flow: 9, evidence: Buffer.from([0x1b, 0xff, 0x3c]) });
  const threat = Threat.parse(told[0]);
  assert.deepEqual(
    [threat.id, threat.name, threat.severity, threat.action, threat.flow],
    ['instance-7', 'land', 'critical', 'deny', 'instance-9'],
  );
  assert.deepEqual(
    [threat.from?.id, threat.to?.id, threat.nic, threat.source],
    ['uuid-web', 'uuid-db', 'vnet1', 'uuid-web'],
  );
  assert.equal(threat.evidence, '\u001b\ufffd<');
});

test('an incident grows; what comes again changes nothing', () => {
  const { threats, take, told, fresh } = setUp();
  take({ id: 1, count: 5 });
  take({ id: 1, count: 9, lastMs: T0 + 1000 }, { id: 2 });
  take({ id: 1, count: 5 }, { id: 1, count: 9 });
  assert.deepEqual(
    told.map(({ id, count }) => [id, count]),
    [
      ['instance-1', 5],
      ['instance-1', 9],
      ['instance-2', 1],
    ],
  );
  assert.equal(fresh.length, 2);
  assert.deepEqual([...threats.totals], [{ name: 'scan', severity: 'medium', count: 2 }]);
});

test('a threat that the registry does not name is shown all the same', () => {
  const { take, told } = setUp();
  take({ id: 1, threat: 60 });
  assert.equal(told[0]?.name, 'unknown-60');
});

test('what was on disk is there again, acknowledged as it was, and is no new incident', () => {
  const before = setUp();
  before.take({ id: 1, count: 5 });
  const { threats, take, fresh, told } = setUp();
  threats.load(before.told.map((threat) => ({ ...threat, acknowledged: acknowledged() })));
  take({ id: 1, count: 5 });
  assert.deepEqual([fresh.length, told.length], [0, 0]);
  take({ id: 1, count: 6 });
  assert.deepEqual([told[0]?.count, told[0]?.acknowledged?.by], [6, 'ann']);
  assert.deepEqual(threats.open, { low: 0, medium: 0, high: 0, critical: 0 });
});

test('names that come later are taken; a VM that is gone keeps its name', () => {
  const { threats, take, told, owners } = setUp();
  take({ id: 1, src: [10, 0, 0, 9] });
  assert.deepEqual([told[0]?.from?.kind, told[0]?.source], ['external', '10.0.0.9']);
  owners.set('10.0.0.9', vm('late'));
  threats.rename();
  assert.deepEqual([told[1]?.from?.name, told[1]?.source], ['late', 'uuid-late']);
  owners.set('10.0.0.9', vm('other'));
  owners.delete('10.0.0.2');
  threats.rename();
  take({ id: 1, count: 2, src: [10, 0, 0, 9] });
  assert.deepEqual([told[2]?.from?.name, told[2]?.to?.name, told.length], ['late', 'db', 3]);
});

test('the table is bounded: acknowledged ones go first, then the least severe and oldest; counted', async () => {
  const { threats, take, forgotten, told } = setUp({ max: 3 });
  take({ id: 1, threat: 1 }, { id: 2, threat: 1, lastMs: T0 + 1 }, { id: 3, lastMs: T0 + 2 });
  await threats.acknowledge('instance-2', acknowledged(), false);
  take({ id: 4, lastMs: T0 + 3 });
  take({ id: 5, lastMs: T0 + 4 });
  assert.deepEqual(forgotten, ['instance-2', 'instance-3']);
  assert.deepEqual(threats.lost, { incidents: 2 });
  assert.equal(told.at(-1)?.id, 'instance-5', 'told before it could have to go');
  assert.deepEqual(idsOf(threats).sort(), ['instance-1', 'instance-4', 'instance-5']);
});

test('incidents are kept for their days', () => {
  const { threats, take, forgotten, clock } = setUp({ keep_ms: 10_000 });
  take({ id: 1 }, { id: 2, lastMs: T0 + 5000 });
  clock.advance(12_000);
  threats.expire();
  assert.deepEqual(forgotten, ['instance-1']);
});

test('one, or all that are alike, are acknowledged, once that is on disk', async () => {
  const { threats, take, kept, told, failing } = setUp();
  take({ id: 1 }, { id: 2, dst: [10, 0, 0, 9] }, { id: 3, src: [10, 0, 0, 2] }, { id: 4, threat: 1 });
  await threats.acknowledge('instance-1', acknowledged('first'), false);
  await threats.acknowledge('instance-1', acknowledged('all'), true);
  assert.deepEqual(kept, [
    [['instance-1'], 'first'],
    [['instance-1', 'instance-2'], 'all'],
  ]);
  assert.deepEqual(threats.open, { low: 0, medium: 1, high: 0, critical: 1 });
  assert.equal(told.at(-1)?.acknowledged?.note, 'all');
  failing.disk = true;
  await assert.rejects(threats.acknowledge('instance-3', acknowledged(), false), /full/);
  assert.equal(threats.threat('instance-3')?.acknowledged, null);
  failing.disk = false;
  const undone = await threats.acknowledge('instance-2', null, true);
  assert.equal(undone?.acknowledged, null);
  assert.equal(threats.threat('instance-1')?.acknowledged, null);
  assert.equal(await threats.acknowledge('instance-99', null, false), null);
});

test('pages neither repeat nor skip while incidents go on and begin', () => {
  const { threats, take } = setUp();
  take(...Array.from({ length: 25 }, (_, n) => ({ id: n + 1, firstMs: T0 + (n % 5) })));
  const seen: string[] = [];
  let position: Parameters<Threats['find']>[1] = null;
  do {
    const page = threats.find({}, position, 4);
    seen.push(...page.threats.map(({ id }) => id));
    take(
      { id: 1, firstMs: T0, count: 2 + seen.length, lastMs: T0 + 100 },
      { id: 100 + seen.length, firstMs: T0 + 9 },
    );
    position = page.next;
  } while (position);
  assert.equal(seen.length, 25);
  assert.equal(new Set(seen).size, 25);
});

test('the journal: severe ones only, a line for what a source repeats, few lines a second', () => {
  const lines: [object, string][] = [];
  const log = { ...silentLog, warn: (fields: object, text: string) => lines.push([fields, text]) };
  const journal = new Journal(log as unknown as typeof silentLog);
  const { take, fresh } = setUp();
  take({ id: 1 }, { id: 2, threat: 1, evidence: '\u202eevil' }, { id: 3, threat: 1 });
  for (const threat of fresh) journal.note(threat, T0);
  journal.write();
  assert.deepEqual(
    lines.map(([fields, text]) => [(fields as { id: string; evidence: string }).id, text]),
    [['instance-2', 'threat']],
  );
  assert.deepEqual(lines[0] && 'evidence' in lines[0][0] && lines[0][0].evidence, '\\u{202e}evil');
  const source = (n: number) => ({ ...(fresh[1] as Threat), source: `source ${n}` });
  for (let n = 0; n < 100; n++) journal.note(source(n), T0);
  journal.write();
  assert.equal(lines.length, 7);
  assert.deepEqual(lines.at(-1)?.[0], { count: 95 });
  journal.note(fresh[2] as Threat, T0 + 700_000);
  journal.write();
  assert.equal(lines.length, 8);
});

test('open incidents mark their ends, and the edge between them whichever way it goes', () => {
  const { threats, take } = setUp();
  take(
    { id: 1, dport: 22 },
    { id: 2, threat: 1, src: [10, 0, 0, 2], sport: 22, dst: [10, 0, 0, 1], dport: 5 },
  );
  const node = (id: string) => ({ id, kind: 'vm' as const, name: id, addresses: [] });
  const edge = (port: number) => ({ from: 'uuid-web', to: 'uuid-db', proto: 'tcp', port });
  const graph = {
    nodes: [node('uuid-web'), node('uuid-db'), node('uuid-other')],
    edges: [edge(22), edge(80)],
  } as unknown as Parameters<typeof marked>[0];
  const { nodes, edges } = marked(graph, threats.openIncidents(), (end) => end.id);
  const both = { open: 2, worst: 'critical' };
  assert.deepEqual(
    nodes.map((each) => each.threats),
    [both, both, undefined],
  );
  assert.deepEqual(
    edges.map((each) => each.threats),
    [both, undefined],
  );
});
