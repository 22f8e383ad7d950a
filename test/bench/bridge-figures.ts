// What a benchmark program over a bridge prints, and how a variant's figures are set against the bare bridge's.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { median, type Row } from './row.ts';

export const BARE = 'bare bridge';

/** A line of the program's. */
interface Figure {
  metric: string;
  variant: string;
  value: number;
}

/** Values in the order they were measured, by metric, then by variant. */
export type Figures = Map<string, Map<string, number[]>>;

export interface Metric {
  unit: string;
  lowerIsBetter?: boolean;
}

/** The program ends before this does. */
async function* lines(name: string, args: readonly string[]): AsyncGenerator<Figure> {
  const program = fileURLToPath(new URL(`../../build/release/${name}`, import.meta.url));
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  for await (const line of createInterface({ input: child.stdout })) yield JSON.parse(line) as Figure;
  const code = await ended;
  if (code !== 0) throw new Error(`${name} ${args.join(' ')} ended with ${code}; it needs root and ip(8)`);
}

export async function figuresOf(name: string, args: readonly string[]): Promise<Figures> {
  const seen: Figures = new Map();
  for await (const { metric, variant, value } of lines(name, args)) {
    const values = seen.get(metric) ?? new Map<string, number[]>();
    seen.set(metric, values.set(variant, [...(values.get(variant) ?? []), value]));
  }
  return seen;
}

/** The bare run of the same round is the measure, so that what else the machine does weighs on both. */
function ratio({ lowerIsBetter = false }: Metric, bare: readonly number[], seen: readonly number[]): number {
  const pairs = seen.map((value, i) => (bare[i] ?? Number.NaN) / value);
  return median(lowerIsBetter ? pairs : pairs.map((pair) => 1 / pair));
}

/** A row for each variant that was measured, the bare bridge first; `named` is what a variant is called. */
export function* rowsOf(
  bench: string,
  metrics: Readonly<Record<string, Metric>>,
  figures: Figures,
  named: (variant: string) => string = (variant) => variant,
): Generator<Row> {
  for (const [metric, how] of Object.entries(metrics)) {
    const variants = figures.get(metric) ?? new Map<string, number[]>();
    const bare = variants.get(BARE) ?? [];
    const common = { bench, metric, baseline: BARE, unit: how.unit };
    yield { ...common, variant: BARE, value: median(bare), ratio: 1, runs: bare.length };
    for (const [variant, values] of variants)
      if (variant !== BARE)
        yield {
          ...common,
          variant: named(variant),
          value: median(values),
          ratio: ratio(how, bare, values),
          runs: values.length,
        };
  }
}
