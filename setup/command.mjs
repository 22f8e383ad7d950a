// Runs other programs: with their output in a log file, on the terminal, or captured.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupFailure } from './failure.mjs';
import { folder, logs, root } from './place.mjs';

const TAIL_LINES = 25;

/**
 * Runs a program to its end with its output in .cache/log/NAME.log.
 * @param {string} name of the log file
 * @param {string[]} argv
 * @param {{cwd?: string, env?: Record<string, string>, hint?: string}} [options]
 * @returns {Promise<string>} the log's path
 * @throws {SetupFailure} with the last lines of the log when it does not exit with 0
 */
export async function logged(name, argv, { cwd = root, env = {}, hint = '' } = {}) {
  const { code, log } = await written(name, argv, { cwd, env });
  if (code !== 0) throw new SetupFailure(`${argv.join(' ')}: exit ${code}\n${tail(log)}`, { hint, log });
  return log;
}

/**
 * The same of a program that may fail.
 * @param {string} name @param {string[]} argv @param {{cwd?: string, env?: Record<string, string>}} [options]
 * @returns {Promise<{code: number, out: string}>} its exit code, and all that it said
 */
export async function recorded(name, argv, options = {}) {
  const { code, log } = await written(name, argv, options);
  return { code, out: readFileSync(log, 'utf8') };
}

async function written(name, argv, { cwd = root, env = {} }) {
  const log = join(folder(logs), `${name}.log`);
  const out = openSync(log, 'w');
  const code = await exitOf(argv, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', out, out] });
  closeSync(out);
  return { code, log };
}

/**
 * Runs a program on this terminal.
 * @param {string[]} argv @param {{cwd?: string, env?: Record<string, string>}} [options]
 * @returns {Promise<number>} its exit code
 */
export function shown(argv, { cwd = root, env = {} } = {}) {
  return exitOf(argv, { cwd, env: { ...process.env, ...env }, stdio: 'inherit' });
}

/** @param {string[]} argv @returns {{code: number, out: string, err: string}} code 127 when there is no such program */
export function captured(argv, options = {}) {
  const [program = '', ...rest] = argv;
  const done = spawnSync(program, rest, { encoding: 'utf8', maxBuffer: 256 << 20, ...options });
  return { code: done.status ?? 127, out: done.stdout ?? '', err: done.stderr ?? String(done.error ?? '') };
}

function exitOf([program = '', ...rest], options) {
  return new Promise((resolve) => {
    const child = spawn(program, rest, options);
    child.on('error', () => resolve(127));
    child.on('exit', (code, signal) => resolve(signal ? 128 : (code ?? 1)));
  });
}

function tail(file) {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
}
