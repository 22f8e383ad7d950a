// What a plan costs over a million flow records of a week, and what the index that makes it quick costs where they are
// written.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { compilePolicy } from '../../dp/client/policy.ts';
import type { PolicyTables } from '../../dp/contract/policy.ts';
import type { Flow, WorkloadRef } from '../../hostd/api/schema.ts';
import { DayFile } from '../../hostd/history/day-file.ts';
import { pastEvidence } from '../../hostd/history/past-evidence.ts';
import { flowRow, type Row as HistoryRow } from '../../hostd/history/rows.ts';
import { HistoryStore } from '../../hostd/history/store.ts';
import { judgeOf } from '../../hostd/policy/advice/judge.ts';
import { plan } from '../../hostd/policy/replay/plan.ts';
import { type BenchContext, median, type Row } from './row.ts';

const FLOWS = 1_000_000;
/** Rows of one write, as the history's own. */
const BATCH = 5_000;
/** What a table holds that write speed is measured on. */
const WRITTEN = 100_000;
const DAYS = 7;
const DAY_MS = 86_400_000;
/** One flow in so many goes to an address outside, of this many. */
const OUTSIDE_EACH = 10;
const OUTSIDE = 20_000;
const SERVICES_OF_ALL = 4_000;
const APPLICATIONS = ['http', 'tls/https', 'postgresql', 'ssh', 'dns'] as const;

type Random = (below: number) => number;

const vm = (number: number): WorkloadRef => ({
  kind: 'vm',
  id: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
  name: String(number),
  nic: `vnet${number}`,
  why: 'observed (arp) address',
});
const outside: WorkloadRef = {
  kind: 'external',
  id: 'external',
  name: 'external',
  why: 'nobody on this host is known by it',
};
const address = (number: number, net: number): string => `${net}.0.${number >> 8}.${number & 255}`;

interface Service {
  from: number;
  to: number;
  port: number;
  app: string | undefined;
}

/** What a week of a busy host has: few services, each over and over, and many addresses outside. */
function flowMaker(vms: number, random: Random, since: number, total: number): (index: number) => Flow {
  const services = Array.from({ length: SERVICES_OF_ALL }, (): Service => {
    const app = random(3) > 0 ? APPLICATIONS[random(APPLICATIONS.length)] : undefined;
    return { from: random(vms), to: random(vms), port: 1 + random(20_000), app };
  });
  return (index) => {
    const service = services[random(services.length)] ?? { from: 0, to: 1, port: 1, app: undefined };
    const isOutside = random(OUTSIDE_EACH) === 0;
    const at = new Date(since + Math.floor((index / total) * (DAYS * DAY_MS - 1))).toISOString();
    return {
      ...{ type: 'flow', id: `bench000-${String(index).padStart(19, '0')}`, parent: null, segment: 'lan' },
      ...{ proto: 'tcp', src: address(service.from, 10), sport: 1024 + random(60_000), dport: service.port },
      dst: isOutside ? address(random(OUTSIDE), 198) : address(service.to, 10),
      ...{ direction: 'seen', tunnel: [], packets: [12, 10], bytes: [2_345, 45_678], first: at, last: at },
      ...(service.app !== undefined && { app: service.app, confidence: 'sure' }),
      ...{ end: 'fin', from: vm(service.from), to: isOutside ? outside : vm(service.to) },
      ...{ verdict: 'allow', violation: false, decidedBy: 'mode', rule: null },
      ...{ facts: { 'http.host': 'www.example.org' }, threats: [], anomalies: [] },
    } as Flow;
  };
}

function* batches(total: number, make: (index: number) => Flow): Generator<HistoryRow[]> {
  for (let at = 0; at < total; at += BATCH)
    yield Array.from({ length: BATCH }, (_, index) => flowRow(make(at + index), ({ id }) => id, false));
}

/** Seconds that went by, and those of the processor, which other work on the machine changes less. */
function measured(work: () => void): { wall: number; cpu: number } {
  const [start, used] = [performance.now(), process.cpuUsage()];
  work();
  const { user, system } = process.cpuUsage(used);
  return { wall: (performance.now() - start) / 1000, cpu: (user + system) / 1e6 };
}

/** Seconds of the processor that writing a table takes, with the index or without. */
function writing(folder: string, name: string, isIndexed: boolean, rows: readonly HistoryRow[][]): number {
  const path = join(folder, `${name}.sqlite`);
  const file = new DayFile(path, '2026-11-20');
  if (!isIndexed) {
    const other = new DatabaseSync(path);
    other.exec('DROP INDEX flows_as_evidence');
    other.close();
  }
  const { cpu } = measured(() => {
    for (const batch of rows) file.write(batch, [], null);
  });
  file.close();
  return cpu;
}

interface Taken {
  metric: string;
  variant: string;
  baseline: string;
  unit: string;
  values: number[];
}

function* rowsOf(all: readonly Taken[]): Generator<Row> {
  for (const { metric, variant, baseline, unit, values } of all) {
    const base = all.find((each) => each.metric === metric && each.variant === baseline)?.values;
    const ratio = base ? median(values) / median(base) : null;
    const runs = values.length;
    yield { bench: 'policy', metric, variant, baseline, value: median(values), unit, ratio, runs };
  }
}

/** `tables` have a group `vm.N` for each VM, whose services are in its groups. */
export async function* pastRows(
  { rounds, log }: BenchContext,
  tables: PolicyTables,
  random: Random,
): AsyncGenerator<Row> {
  const folder = mkdtempSync(join(tmpdir(), 'vmoat-bench-'));
  try {
    yield* rowsOf(writeRounds(folder, tables.nics.length, random, rounds, log));
    yield* rowsOf(planRounds(folder, tables, random, rounds, log));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function writeRounds(
  folder: string,
  vms: number,
  random: Random,
  rounds: number,
  log: (text: string) => void,
): Taken[] {
  const rows = [...batches(WRITTEN, flowMaker(vms, random, 0, WRITTEN))];
  const variants = { 'without the index': [] as number[], 'with the index': [] as number[] };
  for (let round = 0; round < rounds; round++) {
    log(`policy: writing, round ${round + 1} of ${rounds}`);
    for (const [variant, values] of Object.entries(variants))
      values.push(rows.length / writing(folder, `${variant} ${round}`, variant.startsWith('with '), rows));
  }
  return Object.entries(variants).map(([variant, values]) => ({
    ...{
      metric: 'history, batches of 5,000',
      variant,
      baseline: 'without the index',
      unit: '/s of CPU',
      values,
    },
  }));
}

function planRounds(
  folder: string,
  tables: PolicyTables,
  random: Random,
  rounds: number,
  log: (text: string) => void,
): Taken[] {
  const until = Date.now();
  const since = until - DAYS * DAY_MS;
  const onSetAside = (file: string): never => {
    throw new Error(`${file} is broken`);
  };
  const store = new HistoryStore({ folder, retentionDays: DAYS + 1, now: () => until, onSetAside });
  log(`policy: writing ${FLOWS.toLocaleString('en')} flow records`);
  for (const batch of batches(FLOWS, flowMaker(tables.nics.length, random, since, FLOWS)))
    store.write(batch, [], null);
  const [before, after] = [judge(tables), judge({ ...tables, rules: tables.rules.slice(1) })];
  const taken = {
    'plan, reading': [] as number[],
    'plan, judging': [] as number[],
    plan: [] as number[],
    'plan, CPU': [] as number[],
  };
  let services = 0;
  for (let round = 0; round < rounds; round++) {
    log(`policy: plan, round ${round + 1} of ${rounds}`);
    let evidence: ReturnType<typeof pastEvidence> = [];
    const reading = measured(() => {
      evidence = pastEvidence(store.evidence({ since, begun: 0, until, settled: until }));
    });
    const judging = measured(() => plan(evidence, before, after));
    services = evidence.length;
    taken['plan, reading'].push(reading.wall);
    taken['plan, judging'].push(judging.wall);
    taken.plan.push(reading.wall + judging.wall);
    taken['plan, CPU'].push(reading.cpu + judging.cpu);
  }
  store.close();
  const variant = `a million flows, ${services.toLocaleString('en')} services`;
  return Object.entries(taken).map(([metric, values]) => ({
    metric,
    variant,
    baseline: '',
    unit: 's',
    values,
  }));
}

function judge(tables: PolicyTables) {
  const names = new Map(
    tables.nics.map(({ nic, groups }) => [nic, groups.map((index) => tables.groups[index]?.name ?? '')]),
  );
  return judgeOf({
    tables,
    policy: compilePolicy(tables),
    groupsOfVm: ({ name }) => names.get(name) ?? [],
    namesOf: () => [],
  });
}
