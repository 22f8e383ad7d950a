// Builds what runs: the addon (CMake, Ninja), the programs' bundles (esbuild), the dashboard (Vite).
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { logged } from './command.mjs';
import { unlessFresh } from './fresh.mjs';
import { buildNode } from './node20.mjs';
import { build, root } from './place.mjs';
import { step } from './progress.mjs';

/** ccache keeps what was compiled with precompiled headers only where it is told that no file hangs on their macros.
 * Which files one was made from the compiler says: to preprocess each for that would be to read those headers again. */
const CACHED = { CCACHE_SLOPPINESS: 'pch_defines,time_macros', CCACHE_DEPEND: '1' };

/** Before a program's name: it runs only where a processor has nothing else to do. */
const IDLE = ['chrt', '--idle', '0'];

/**
 * @param {'release' | 'asan' | 'fuzz'} preset of dp/CMakePresets.json
 * @param {string[]} targets none: all
 * @param {{idle?: boolean}} [how] idle: without being in anybody's way
 */
export async function buildNative(preset, targets, { idle = false } = {}) {
  const what = `dp, ${preset}: ${targets.join(' ') || 'everything'}`;
  await step(`compiling ${what}`, async () => {
    if (!existsSync(join(build, preset, 'build.ninja')))
      await logged(`cmake-${preset}`, ['cmake', '-S', 'dp', '--preset', preset], { cwd: join(root) });
    const ninja = ['ninja', '-C', join(build, preset), ...targets];
    await logged(`ninja-${preset}`, idle ? [...IDLE, ...ninja] : ninja, { env: CACHED });
  });
}

export const buildAddon = () => buildNative('release', ['vmoat_node']);

export async function buildPrograms() {
  const files = {
    inputs: [
      'dp/service',
      'dp/client',
      'dp/contract',
      'libvirt-watch',
      'topology',
      'hostd',
      'setup/bundle.mjs',
      'package-lock.json',
    ],
    outputs: [
      'build/js/vmoat.mjs',
      'build/js/vmoat-hostd.mjs',
      'build/js/vmoat-dp.mjs',
      'node_modules/.bin/vmoat',
    ],
  };
  await unlessFresh('programs', files, () =>
    step('bundling the programs (esbuild)', () => logged('bundle', [process.execPath, 'setup/bundle.mjs'])),
  );
}

export async function buildWeb() {
  const files = {
    inputs: ['web', 'hostd/api/schema.ts', 'package-lock.json'],
    outputs: ['build/web/index.html'],
  };
  await unlessFresh('web', files, async () => {
    const { node } = await buildNode();
    const vite = join(root, 'node_modules/vite/bin/vite.js');
    await step('building the dashboard (vite)', () =>
      logged('vite', [node, vite, 'build', '--config', 'web/vite.config.ts', '--logLevel', 'warn']),
    );
  });
}
