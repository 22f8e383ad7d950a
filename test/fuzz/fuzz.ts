// Fuzzes one target, or all one after the other: fuzz.ts NAME SECONDS | all SECONDS | --list.
// New inputs gather in build/fuzz-corpus/NAME, a failing one stays as build/fuzz-corpus/NAME.crash-….
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const build = join(root, 'build/fuzz');
const program = join(build, 'fuzz/fuzz_run');

/** Runs a program on this terminal; its exit code. */
function run(command: string, args: string[], env: Record<string, string> = {}): number {
  const done = spawnSync(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  if (done.error) throw done.error;
  return done.status ?? 1;
}

function buildHarness(): void {
  const steps: [string, string[]][] = [
    ['cmake', ['--preset', 'fuzz', '-S', 'dp', '-B', build, '--log-level=WARNING']],
    ['ninja', ['-C', build, '--quiet', 'fuzz_run']],
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
  const seeds = join(root, 'dp/fuzz/corpus', name);
  return run(program, [...limits, ...quiet, found, seeds], { VMOAT_FUZZ_TARGET: name });
}

function main([name, secondsText]: string[]): number {
  const seconds = Number(secondsText);
  if (name !== '--list' && !(name && Number.isInteger(seconds) && seconds > 0)) {
    console.error('usage: fuzz NAME SECONDS | all SECONDS | --list');
    return 2;
  }
  buildHarness();
  const known = targets();
  if (name === '--list') {
    console.log(known.join('\n'));
    return 0;
  }
  const wanted = name === 'all' ? known : known.filter((target) => target === name);
  if (wanted.length === 0) {
    console.error(`no fuzz target ${name}; one of: ${known.join(' ')}`);
    return 2;
  }
  const failed = wanted.filter((target) => fuzz(target, seconds) !== 0);
  console.log(failed.length === 0 ? `${wanted.length} clean` : `failed: ${failed.join(' ')}`);
  return failed.length === 0 ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
