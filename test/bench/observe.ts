// How much traffic through a bridge pays for being observed at both ends: the real data plane, engine
// included, against the bare bridge, by turns in one run.
import { figuresOf, rowsOf } from './bridge-figures.ts';
import type { Bench, BenchContext, Row } from './row.ts';

const METRICS = {
  bulk: { unit: 'Gbit/s' },
  udp: { unit: 'packets/s' },
  conn: { unit: 'connections/s' },
  rr: { unit: 'us', lowerIsBetter: true },
};
/** Links to measure over, what the variant is called, and pairs of runs for the rounds asked for. */
const WIRES = [
  { wire: 'veth', variant: 'vmoat', rounds: (rounds: number) => 2 * rounds },
  { wire: 'tap', variant: 'vmoat, real taps', rounds: (rounds: number) => rounds },
];

async function* run({ rounds, log }: BenchContext): AsyncGenerator<Row> {
  for (const { wire, variant, rounds: limit } of WIRES) {
    log(`observe: ${limit(rounds)} rounds over ${wire}`);
    const figures = await figuresOf('bench_observe', [wire, String(limit(rounds))]);
    yield* rowsOf('observe', METRICS, figures, () => variant);
  }
}

export const observe: Bench = {
  name: 'observe',
  describe: 'a bridge with and without vmoat observing both ends: bulk, udp, conn, rr (needs root)',
  run,
};
