// Keeps programs running: starts each again when it ends, until it is told to stop.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const RESTART_AFTER_MS = 50;
const RESTART_AFTER_MAX_MS = 5000;
/** A program that lived this long is started again at once. */
const SETTLED_MS = 3000;
const STOP_WITHIN_MS = 8000;

/** @typedef {{name: string, argv: string[], log: string, uid?: number, gid?: number, env?: Record<string, string>}} Program */

export class Supervisor {
  /** @param {Program[]} programs started in this order @param {string} file gets {pid, programs: {name: pid}} as JSON */
  constructor(programs, file) {
    this.programs = programs;
    this.file = file;
    this.running = new Map();
    this.stopping = false;
    /** @type {(name: string, how: string) => void} */
    this.onEnd = () => {};
  }

  start() {
    for (const program of this.programs)
      this.keep(program).catch((error) => this.onEnd(program.name, String(error)));
  }

  /** Ends the programs, the last started first. Resolves to the names of those that had to be killed. */
  async stop() {
    this.stopping = true;
    const killed = [];
    for (const { name } of [...this.programs].reverse()) if (await this.end(name)) killed.push(name);
    rmSync(this.file, { force: true });
    return killed;
  }

  async keep(program) {
    for (let pause = RESTART_AFTER_MS; !this.stopping; ) {
      const began = Date.now();
      const how = await this.run(program);
      if (this.stopping) return;
      this.onEnd(program.name, how);
      pause = Date.now() - began > SETTLED_MS ? RESTART_AFTER_MS : Math.min(pause * 2, RESTART_AFTER_MAX_MS);
      await sleep(pause);
    }
  }

  // A process group of its own: Ctrl-C on the terminal reaches only us, and we end it in order.
  run({ name, argv: [program = '', ...args], log, uid, gid, env }) {
    const out = openSync(log, 'a', 0o640);
    const child = spawn(program, args, {
      stdio: ['ignore', out, out],
      detached: true,
      ...(uid === undefined ? {} : { uid, gid }),
      env: { ...process.env, ...env },
      cwd: '/',
    });
    closeSync(out);
    this.running.set(name, child);
    this.tell();
    return new Promise((resolve) => {
      child.on('error', (error) => resolve(error.message));
      child.on('exit', (code, signal) => resolve(signal ?? `exit ${code}`));
    }).finally(() => {
      this.running.delete(name);
      if (!this.stopping) this.tell();
    });
  }

  async end(name) {
    const child = this.running.get(name);
    if (!child) return false;
    child.kill('SIGTERM');
    const until = Date.now() + STOP_WITHIN_MS;
    while (this.running.has(name) && Date.now() < until) await sleep(20);
    if (!this.running.has(name)) return false;
    child.kill('SIGKILL');
    return true;
  }

  tell() {
    const programs = Object.fromEntries([...this.running].map(([name, child]) => [name, child.pid]));
    writeFileSync(`${this.file}.new`, JSON.stringify({ pid: process.pid, programs }));
    renameSync(`${this.file}.new`, this.file);
  }
}

/**
 * @param {string} file that a supervisor wrote
 * @param {string} program part of its command line: pids are used again
 * @returns {number | null} its pid, where it still runs
 */
export function supervisorPid(file, program) {
  if (!existsSync(file)) return null;
  const { pid } = JSON.parse(readFileSync(file, 'utf8'));
  const commandLine = `/proc/${pid}/cmdline`;
  return existsSync(commandLine) && readFileSync(commandLine, 'utf8').includes(program) ? pid : null;
}
