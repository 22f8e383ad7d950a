// The offline engine against nDPI's reader over generated traces: packets per second, memory per open session.
import { spawn } from 'node:child_process';
import { accessSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Trace, traces, writeTrace } from './pcap-traces.ts';
import { type Bench, type BenchContext, median, type Row } from './row.ts';

const engine = fileURLToPath(new URL('../../build/release/bench_pcap', import.meta.url));

const variants = {
  vmoat: (file: string) => [engine, file],
  ndpiReader: (file: string) => ['/usr/bin/ndpiReader', '-q', '-d', '-i', file],
} as const;
type Variant = keyof typeof variants;
const names = Object.keys(variants) as Variant[];

interface Run {
  seconds: number;
  /** The most anonymous memory that was seen, bytes. */
  memory: number;
}

/** Anonymous resident memory of a process, 0 when it is gone. */
function anonymousBytes(pid: number): number {
  try {
    const found = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return Number(found?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

function run([command = '', ...args]: readonly string[]): Promise<Run> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(command, args, { stdio: 'ignore' });
    let memory = 0;
    const watch = setInterval(() => {
      memory = Math.max(memory, anonymousBytes(child.pid ?? 0));
    }, 5);
    child.on('error', reject);
    child.on('exit', (code) => {
      clearInterval(watch);
      if (code === 0) resolve({ seconds: (performance.now() - start) / 1000, memory });
      else reject(new Error(`${command} ended with ${code}`));
    });
  });
}

/** Runs both engines in turn, each first in every other round; the first round only warms the page cache. */
async function alternate(file: string, rounds: number): Promise<Record<Variant, Run[]>> {
  const runs: Record<Variant, Run[]> = { vmoat: [], ndpiReader: [] };
  for (let round = 0; round <= rounds; round++)
    for (const name of round % 2 === 0 ? names : [...names].reverse()) {
      const result = await run(variants[name](file));
      if (round > 0) runs[name].push(result);
    }
  return runs;
}

/** How a benchmark shows the speed of a run over `frames` packets. */
export interface Speed {
  bench: string;
  unit: string;
  higherIsBetter: boolean;
  of: (frames: number, seconds: number) => number;
}

function rows(
  { bench, unit: speedUnit, ...speedOf }: Speed,
  trace: Trace,
  frames: number,
  runs: Record<Variant, Run[]>,
): Row[] {
  const baseline: Variant = 'ndpiReader';
  const figure = (metric: string, unit: string, higherIsBetter: boolean, of: (run: Run) => number): Row[] => {
    const base = median(runs[baseline].map(of));
    return names.map((variant) => {
      const value = median(runs[variant].map(of));
      const ratio = higherIsBetter ? value / base : base / value;
      return { bench, metric, variant, baseline, value, unit, ratio, runs: runs[variant].length };
    });
  };
  const speed = figure(trace.name, speedUnit, speedOf.higherIsBetter, (r) => speedOf.of(frames, r.seconds));
  if (trace.open === 0) return speed;
  return [...speed, ...figure('memory', 'B/session', false, (r) => r.memory / trace.open)];
}

/** Both engines over every trace. */
export async function* compare({ rounds, log }: BenchContext, speed: Speed): AsyncIterable<Row> {
  for (const [command = ''] of names.map((name) => variants[name]('')))
    try {
      accessSync(command);
    } catch {
      throw new Error(`${command} is missing: build vmoat (npm run build), install libndpi-bin`);
    }
  const folder = mkdtempSync(join(tmpdir(), 'vmoat-bench-pcap-'));
  try {
    for (const trace of traces) {
      const file = join(folder, `${trace.name}.pcap`);
      const frames = writeTrace(trace, file);
      log(`${trace.name}: ${frames} frames`);
      yield* rows(speed, trace, frames, await alternate(file, rounds));
      rmSync(file);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const pcap: Bench = {
  name: 'pcap',
  describe: 'the offline engine against ndpiReader -q -d over generated traces; memory per open session',
  run: (context) =>
    compare(context, {
      bench: 'pcap',
      unit: 'packets/s',
      higherIsBetter: true,
      of: (frames, seconds) => frames / seconds,
    }),
};
