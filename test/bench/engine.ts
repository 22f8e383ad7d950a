// What the engine costs: a packet of the usual traces beside nDPI's reader, and loads that are built to hurt, fed
// from memory (engine/bench_engine.cc).
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { compare } from './pcap.ts';
import { type Bench, type BenchContext, median, type Row } from './row.ts';

const program = fileURLToPath(new URL('../../build/release/bench_engine', import.meta.url));
const SCENARIOS = [
  'million-open',
  'growth',
  'random-keys',
  'colliding-keys',
  'syn-flood',
  'fragment-flood',
] as const;
/** The variant that another one of the same metric is measured against. */
const BASELINES: Record<string, string> = { keys: 'random' };

type Figure = Pick<Row, 'metric' | 'variant' | 'value' | 'unit'>;

async function figures(scenario: string): Promise<Figure[]> {
  const { stdout } = await promisify(execFile)(program, [scenario]);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Figure);
}

/** All scenarios in turn, round by round, so that what else the machine does weighs on all of them. */
async function measure({
  rounds,
  log,
}: BenchContext): Promise<Map<string, { figure: Figure; values: number[] }>> {
  const seen = new Map<string, { figure: Figure; values: number[] }>();
  for (let round = 0; round < rounds; round++) {
    log(`engine: round ${round + 1} of ${rounds}`);
    for (const scenario of SCENARIOS)
      for (const figure of await figures(scenario)) {
        const key = `${figure.metric} ${figure.variant}`;
        const known = seen.get(key) ?? { figure, values: [] };
        known.values.push(figure.value);
        seen.set(key, known);
      }
  }
  return seen;
}

async function* run(context: BenchContext): AsyncIterable<Row> {
  yield* compare(context, {
    bench: 'engine',
    unit: 'ns/packet',
    higherIsBetter: false,
    of: (frames, seconds) => (seconds * 1e9) / frames,
  });
  const seen = await measure(context);
  for (const { figure, values } of seen.values()) {
    const baseline = BASELINES[figure.metric] ?? '';
    const base = seen.get(`${figure.metric} ${baseline}`);
    yield {
      ...figure,
      bench: 'engine',
      baseline,
      value: median(values),
      ratio: base ? median(base.values) / median(values) : null,
      runs: values.length,
    };
  }
}

export const engine: Bench = {
  name: 'engine',
  describe: 'ns per packet beside ndpiReader; a million open sessions, floods, keys built to collide',
  run,
};
