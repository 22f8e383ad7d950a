// Finds the TypeScript tests and runs them with node:test.
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { shown } from './command.mjs';
import { filesBelow } from './fresh.mjs';
import { folder, logs } from './place.mjs';

/** What crosses rooms is in here. */
const WHOLE = /^test\//;
/** Of that, what needs nothing but processes of its own; all else uses the machine's one libvirt, the processors' whole
 * time or fixed names, and goes one after the other. */
const APART = /^test\/(apps|docs|hostd|pcap|threats|wire)\//;
const LONG = /\.long\.test\.ts$/;

/** @returns {Record<'rooms' | 'apart' | 'whole' | 'long', string[]>} test files: of single rooms; of what crosses them, side by side or not; long ones */
export function testFiles() {
  const all = filesBelow('').filter((file) => file.endsWith('.test.ts'));
  const short = all.filter((file) => !LONG.test(file));
  return {
    rooms: short.filter((file) => !WHOLE.test(file)),
    apart: short.filter((file) => APART.test(file)),
    whole: short.filter((file) => WHOLE.test(file) && !APART.test(file)),
    long: all.filter((file) => LONG.test(file)),
  };
}

/** Files at once: of what computes, and of what mostly waits for processes that it started. */
export const computing = Math.max(2, availableParallelism());
export const waiting = 2 * computing;

/**
 * @param {string[]} files @param {{atOnce: number, name: string}} how atOnce: files; name: of the log
 * @returns {Promise<import('./tally.mjs').Counts>}
 */
export async function nodeTests(files, { atOnce, name }) {
  if (files.length === 0) return { passed: 0, failed: 0, skipped: 0 };
  const tap = join(folder(logs), `${name}.tap`);
  const reporters = ['spec', 'stdout', 'tap', tap].flatMap((value, index) => [
    index % 2 === 0 ? '--test-reporter' : '--test-reporter-destination',
    value,
  ]);
  const code = await shown([
    process.execPath,
    '--import',
    'tsx',
    '--test',
    `--test-concurrency=${atOnce}`,
    ...reporters,
    ...files,
  ]);
  const counts = countsOf(readFileSync(tap, 'utf8'));
  return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

function countsOf(tap) {
  const last = (name) => Number([...tap.matchAll(new RegExp(`^# ${name} (\\d+)$`, 'gm'))].at(-1)?.[1] ?? 0);
  return {
    passed: last('pass'),
    failed: last('fail') + last('cancelled'),
    skipped: last('skipped') + last('todo'),
  };
}
