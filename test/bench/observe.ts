// How much traffic through a bridge pays for being observed at both ends: the real data plane, engine
// included, against the bare bridge, by turns in one run.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Bench, type BenchContext, median, type Row } from './row.ts';

const BARE = 'bare bridge';
const UNITS: Record<string, string> = { bulk: 'Gbit/s', udp: 'packets/s', conn: 'connections/s', rr: 'us' };
/** Links to measure over, what the variant is called, and pairs of runs for the rounds asked for. */
const WIRES = [
  { wire: 'veth', variant: 'vmoat', rounds: (rounds: number) => 2 * rounds },
  { wire: 'tap', variant: 'vmoat, real taps', rounds: (rounds: number) => rounds },
];

interface Figure {
  metric: string;
  variant: string;
  value: number;
}

async function* figures(wire: string, rounds: number): AsyncGenerator<Figure> {
  const program = join(import.meta.url.replace('file://', ''), '../../../build/release/bench_observe');
  const child = spawn(program, [wire, String(rounds)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  for await (const line of createInterface({ input: child.stdout })) yield JSON.parse(line) as Figure;
  const code = await ended;
  if (code !== 0) throw new Error(`bench_observe ${wire} ended with ${code}; it needs root and ip(8)`);
}

/** The bare run before each observed one is its measure, so that what else the machine does weighs on both. */
function ratio(metric: string, bare: readonly number[], seen: readonly number[]): number {
  const pairs = seen.map((value, i) => (bare[i] ?? Number.NaN) / value);
  return median(metric === 'rr' ? pairs : pairs.map((pair) => 1 / pair));
}

async function* measure(wire: string, variant: string, rounds: number): AsyncGenerator<Row> {
  const seen = new Map<string, Map<string, number[]>>();
  for await (const { metric, variant: which, value } of figures(wire, rounds)) {
    const values = seen.get(metric) ?? new Map<string, number[]>();
    seen.set(metric, values.set(which, [...(values.get(which) ?? []), value]));
  }
  for (const [metric, unit] of Object.entries(UNITS)) {
    const bare = seen.get(metric)?.get(BARE) ?? [];
    const observed = seen.get(metric)?.get('vmoat') ?? [];
    const common = { bench: 'observe', metric, baseline: BARE, unit };
    yield { ...common, variant: BARE, value: median(bare), ratio: 1, runs: bare.length };
    yield {
      ...common,
      variant,
      value: median(observed),
      ratio: ratio(metric, bare, observed),
      runs: observed.length,
    };
  }
}

async function* run({ rounds, log }: BenchContext): AsyncGenerator<Row> {
  for (const { wire, variant, rounds: limit } of WIRES) {
    log(`observe: ${limit(rounds)} rounds over ${wire}`);
    yield* measure(wire, variant, limit(rounds));
  }
}

export const observe: Bench = {
  name: 'observe',
  describe: 'a bridge with and without vmoat observing both ends: bulk, udp, conn, rr (needs root)',
  run,
};
