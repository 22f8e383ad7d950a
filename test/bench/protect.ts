// What traffic through a bridge pays for being protected at both ends: each enforcer of the real data plane
// against the bare bridge and against what else filters there, by turns in one run.
import { BARE, byVariant, type Figures, figuresOf, rowsOf } from './bridge-figures.ts';
import { type Bench, type BenchContext, median, type Row } from './row.ts';

const METRICS = {
  bulk: { unit: 'Gbit/s' },
  'bulk continuous': { unit: 'Gbit/s' },
  'bulk chunks': { unit: 'Gbit/s' },
  'bulk held': { unit: 'Gbit/s' },
  udp: { unit: 'packets/s' },
  cpu: { unit: 'ns/packet', lowerIsBetter: true },
  conn: { unit: 'connections/s' },
  'conn http': { unit: 'connections/s' },
  rr: { unit: 'us', lowerIsBetter: true },
  'rr p99': { unit: 'us', lowerIsBetter: true },
  'rr p99.9': { unit: 'us', lowerIsBetter: true },
};
const MANY = {
  udp: METRICS.udp,
  cpu: METRICS.cpu,
  rr: METRICS.rr,
  'rr p99': METRICS['rr p99'],
  'rr p99.9': METRICS['rr p99.9'],
};

const PEERS = ['br_netfilter + conntrack', 'Proxmox-style firewall bridge'];
/** Ratios that protect is built for; they are shown beside what was measured and fail nothing. */
const TARGETS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  inplace: {
    bulk: 0.95,
    'bulk continuous': 0.6,
    'bulk chunks': 0.6,
    'bulk held': 0.6,
    udp: 0.87,
    rr: 0.9,
    conn: 0.8,
    'conn http': 0.55,
  },
  splice: {
    bulk: 0.94,
    'bulk continuous': 0.6,
    'bulk chunks': 0.6,
    'bulk held': 0.6,
    udp: 0.8,
    rr: 0.88,
    conn: 0.8,
    'conn http': 0.55,
  },
};
const BULK_BEHIND_PEERS_MAX = 0.03;

/** The least ratio wanted of a variant, null where none is. */
function target(variant: string, metric: string): number | null {
  const enforcer = Object.keys(TARGETS).find((name) => variant.startsWith(name));
  return enforcer === undefined ? null : (TARGETS[enforcer]?.[metric] ?? null);
}

/** The better one of the peers; null: not measured, or no contest. */
function peer(rows: readonly Row[], metric: string): number | null {
  const ratios = rows.filter((row) => row.metric === metric && PEERS.includes(row.variant));
  if (ratios.length === 0) return null;
  const best = Math.max(...ratios.map((row) => row.ratio ?? 0));
  return metric === 'bulk' ? best - BULK_BEHIND_PEERS_MAX : best;
}

function* judged(rows: readonly Row[]): Generator<string> {
  for (const { metric, variant, ratio } of rows) {
    const least = target(variant, metric);
    if (least === null || ratio === null) continue;
    const rival = peer(rows, metric);
    const wanted = [`target ${least}`, ...(rival === null ? [] : [`peers ${rival.toFixed(2)}`])].join(', ');
    const met = ratio >= least && (rival === null || ratio >= rival);
    yield `protect: ${met ? 'met' : 'MISSED'}: ${metric}, ${variant}: ${ratio.toFixed(2)} (${wanted})`;
  }
}

function* switchRows(figures: Figures): Generator<Row> {
  for (const metric of ['into protect', 'out of protect'])
    for (const [variant, values] of byVariant(figures.get(metric) ?? []))
      yield {
        ...{ bench: 'protect', metric: `200 NICs ${metric}`, variant, baseline: '', unit: 'ms' },
        ...{ value: median(values), ratio: null, runs: values.length },
      };
}

async function* compare(wire: string, suffix: string, rounds: number, log: BenchContext['log']) {
  const figures = await figuresOf('bench_protect', [wire, String(rounds)]);
  const rows = [...rowsOf('protect', METRICS, figures)];
  for (const line of judged(rows)) log(`${line}${suffix}`);
  const named = (row: Row) => ({ ...row, variant: `${row.variant}${suffix}` });
  yield* rows.map(named);
}

async function* many(rounds: number): AsyncGenerator<Row> {
  const figures = await figuresOf('bench_protect', ['many', String(rounds)]);
  yield* switchRows(figures);
  for (const row of rowsOf('protect', MANY, figures))
    yield { ...row, baseline: `${BARE}, 200 NICs`, variant: `${row.variant}, 200 NICs` };
}

async function* run({ rounds, log }: BenchContext): AsyncGenerator<Row> {
  const fewer = Math.ceil(rounds / 2);
  log(`protect: ${rounds} rounds over veth`);
  yield* compare('veth', '', rounds, log);
  log(`protect: ${fewer} rounds over real taps`);
  yield* compare('tap', ', real taps', fewer, log);
  log(`protect: ${fewer} rounds with 200 NICs`);
  yield* many(fewer);
}

export const protect: Bench = {
  name: 'protect',
  describe: 'a bridge bare, protected at both ends by splice and inplace, and filtered by peers (needs root)',
  run,
};
