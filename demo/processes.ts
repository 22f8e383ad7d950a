// The demo's own supervisor as a background process: started once, found again by its file, ended by a signal.
import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Instance } from '../setup/instance.mjs';
import { root } from '../setup/place.mjs';
import { supervisorPid } from '../setup/supervise.mjs';

const STOP_WITHIN_MS = 20_000;

/** Runs on after this process and its terminal have ended. */
export function startSupervisor(instance: Instance, dpArgs: readonly string[]): void {
  const log = openSync(join(instance.folder, 'log/supervisor.log'), 'a');
  const argv = [join(root, PROGRAM), JSON.stringify({ instance, dpArgs })];
  spawn(process.execPath, argv, { detached: true, stdio: ['ignore', log, log], cwd: '/' }).unref();
}

const PROGRAM = 'demo/supervisor.mjs';

/** Pid of the demo's supervisor that runs on this file, or null. */
export const demoPid = (file: string): number | null => supervisorPid(file, PROGRAM);

/** True when one ran. */
export async function stopSupervisor(file: string): Promise<boolean> {
  const pid = demoPid(file);
  if (pid === null) return false;
  process.kill(pid, 'SIGTERM');
  for (const end = Date.now() + STOP_WITHIN_MS; demoPid(file) === pid && Date.now() < end; ) await sleep(50);
  return true;
}
