// What `vmoat panic` works on: the pinned map, the static guard, the journal. None of it needs a process of vmoat's.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { guardTable, loadAddon } from '../../../dp/client/index.ts';
import { messageOf, VmoatError } from '../../base/errors.ts';

export interface PanicWorld {
  isRoot: boolean;
  /** Whether there is a map to write to: without it vmoat drops and holds nothing. */
  isPinned(): boolean;
  /** Seconds that are left; 0: there is no panic. */
  left(): number;
  /** 0 ends it. */
  panic(seconds: number): void;
  /** Takes the static guard away, which stands in while vmoat-dp does not run; false: it was not there. */
  removeGuard(): Promise<boolean>;
  /** A line for the journal. */
  journal(text: string): Promise<void>;
}

export const PIN_ROOT = '/sys/fs/bpf/vmoat';
const RUN_MS_MAX = 5000;
const run = promisify(execFile);
const environment = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin`, LC_ALL: 'C' };

export const realWorld = (pinRoot: string): PanicWorld => ({
  isRoot: process.geteuid?.() === 0,
  isPinned: () => existsSync(join(pinRoot, `v${loadAddon().kernelLayout}`, 'maps/panic')),
  left: () => usingMap(() => loadAddon().panicUntil(pinRoot)),
  panic: (seconds) => usingMap(() => loadAddon().panic(pinRoot, seconds)),
  removeGuard,
  journal: async (text) => {
    await run('logger', ['-t', 'vmoat', '-p', 'auth.notice', '--', text], {
      env: environment,
      timeout: RUN_MS_MAX,
    });
  },
});

function usingMap<T>(job: () => T): T {
  try {
    return job();
  } catch (cause) {
    throw new VmoatError('panic_failed', messageOf(cause), { cause });
  }
}

async function removeGuard(): Promise<boolean> {
  const guarded = await guardTable.read();
  await guardTable.remove();
  return guarded.size > 0;
}
