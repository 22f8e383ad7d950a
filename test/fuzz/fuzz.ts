// Fuzzes one target, or all one after the other: fuzz.ts NAME SECONDS | all SECONDS | --list | --seeds.
// New inputs gather in build/fuzz-corpus/NAME, a failing one stays as build/fuzz-corpus/NAME.crash-….
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const build = join(root, 'build/fuzz');
const program = join(build, 'fuzz/fuzz_run');
const corpus = join(root, 'dp/fuzz/corpus');
const usage = `usage: npm run fuzz -- NAME SECONDS   one target
       npm run fuzz -- all SECONDS    each target, one after the other
       npm run fuzz -- --list         the targets' names
       npm run fuzz -- --seeds        writes the seeds that are made, below dp/fuzz/corpus`;

/** Runs a program on this terminal; its exit code. */
function run(command: string, args: string[], env: Record<string, string> = {}): number {
  const done = spawnSync(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  if (done.error) throw done.error;
  return done.status ?? 1;
}

/** @param target of the CMake graph: fuzz_run, fuzz_seeds */
function buildTarget(target: string): void {
  const steps: [string, string[]][] = [
    ['cmake', ['--preset', 'fuzz', '-S', 'dp', '-B', build, '--log-level=WARNING']],
    ['ninja', ['-C', build, '--quiet', target]],
  ];
  for (const [command, args] of steps)
    if (run(command, args) !== 0) throw new Error(`${command} ${args.join(' ')} failed`);
}

function targets(): string[] {
  return spawnSync(program, ['--list'], { encoding: 'utf8' }).stdout.trim().split('\n');
}

/** Inputs of the pipeline are sequences of frames and longer than a header. */
const bytesMax = (name: string): number => (name === 'pipeline' ? 65536 : 9000);

function fuzz(name: string, seconds: number): number {
  const found = join(root, 'build/fuzz-corpus', name);
  mkdirSync(found, { recursive: true });
  const limits = [
    `-max_total_time=${seconds}`,
    `-max_len=${bytesMax(name)}`,
    '-timeout=10',
    '-rss_limit_mb=2048',
  ];
  const quiet = ['-verbosity=0', '-print_final_stats=1', `-artifact_prefix=${found}.`];
  const seeds = join(corpus, name);
  return run(program, [...limits, ...quiet, found, seeds], { VMOAT_FUZZ_TARGET: name });
}

function writeSeeds(): number {
  buildTarget('fuzz_seeds');
  const recognisers = run(join(build, 'fuzz/fuzz_seeds'), [corpus]);
  const frames = run(process.execPath, ['--import', 'tsx', join(root, 'test/fuzz/seeds.ts')]);
  return recognisers || frames;
}

function fuzzAll(wanted: string, seconds: number): number {
  const known = targets();
  const names = wanted === 'all' ? known : known.filter((target) => target === wanted);
  if (names.length === 0) {
    console.error(`no fuzz target ${wanted}; one of: ${known.join(' ')}`);
    return 2;
  }
  const failed = names.filter((target) => fuzz(target, seconds) !== 0);
  console.log(failed.length === 0 ? `${names.length} clean` : `failed: ${failed.join(' ')}`);
  return failed.length === 0 ? 0 : 1;
}

function main([name, secondsText]: string[]): number {
  const seconds = Number(secondsText);
  const isWhole = Number.isInteger(seconds) && seconds > 0;
  if (name === '--seeds') return writeSeeds();
  if (name !== '--list' && !(name && isWhole)) {
    console[name === '--help' ? 'log' : 'error'](usage);
    return name === '--help' ? 0 : 2;
  }
  buildTarget('fuzz_run');
  if (name === '--list') return run(program, ['--list']);
  return fuzzAll(name, seconds);
}

process.exitCode = main(process.argv.slice(2));
