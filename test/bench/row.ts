// What a benchmark is and what it yields.

/** One figure: the median of `runs` values, in `unit`, beside the same figure of the baseline. */
export interface Row {
  bench: string;
  metric: string;
  variant: string;
  /** What the ratio is taken against; the bare bridge, a peer, a former version. */
  baseline: string;
  value: number;
  unit: string;
  /** Higher is better, the baseline is 1; null where a figure stands by itself. */
  ratio: number | null;
  /** Number of values behind the median. */
  runs: number;
}

export interface BenchContext {
  /** Alternating runs of each variant. */
  rounds: number;
  /** Progress, for people. */
  log: (text: string) => void;
}

export interface Bench {
  name: string;
  describe: string;
  run(context: BenchContext): AsyncIterable<Row>;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}
