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

/** What was measured, in that order, by metric. */
export type Figures = Map<string, Measured[]>;
export type Measured = Pick<Figure, 'variant' | 'value'>;

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
  for await (const { metric, ...measured } of lines(name, args))
    seen.set(metric, [...(seen.get(metric) ?? []), measured]);
  return seen;
}

/** Values in the order they were measured, by variant. */
export function byVariant(all: readonly Measured[]): Map<string, number[]> {
  const values = new Map<string, number[]>();
  for (const { variant, value } of all) values.set(variant, [...(values.get(variant) ?? []), value]);
  return values;
}

/** What the bare bridge made around each run of a variant, the mean of before and after: what else the machine
 * does weighs on both. */
function bareAround(all: readonly Measured[], variant: string): number[] {
  const isBare = (measured: Measured) => measured.variant === BARE;
  return all.flatMap((measured, i) => {
    if (measured.variant !== variant) return [];
    const around = [all.slice(0, i).findLast(isBare), all.slice(i).find(isBare)];
    const values = around.flatMap((bare) => (bare === undefined ? [] : [bare.value]));
    return [values.reduce((sum, value) => sum + value, 0) / values.length];
  });
}

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
    const all = figures.get(metric) ?? [];
    const variants = byVariant(all);
    const bare = variants.get(BARE) ?? [];
    const common = { bench, metric, baseline: BARE, unit: how.unit };
    yield { ...common, variant: BARE, value: median(bare), ratio: 1, runs: bare.length };
    for (const [variant, values] of variants)
      if (variant !== BARE)
        yield {
          ...common,
          variant: named(variant),
          value: median(values),
          ratio: ratio(how, bareAround(all, variant), values),
          runs: values.length,
        };
  }
}
