// Every verb of `npm run`: what it needs first, and what it is.
import { join } from 'node:path';
import { bench } from './bench.mjs';
import { check } from './check.mjs';
import { shown } from './command.mjs';
import { fuzz } from './fuzz.mjs';
import { makeGuestImage } from './images.mjs';
import { buildAddon, buildPrograms, buildWeb } from './native.mjs';
import { installNodeModules } from './node-modules.mjs';
import { installPackages, requireRoot } from './packages.mjs';
import { root } from './place.mjs';
import { startLibvirt } from './services.mjs';
import { start } from './start.mjs';
import { test } from './test.mjs';

/** @type {Record<string, {describe: string, run: (args: string[]) => Promise<number | void>}>} */
export const verbs = {
  demo: { describe: 'guests that talk to each other, watched by vmoat (--stop takes all down)', run: demo },
  start: {
    describe: "vmoat on this host's own VMs, until Ctrl-C",
    run: startOnHost,
  },
  build: { describe: 'everything that runs, into build/', run: build },
  check: { describe: 'format, lint, types, layers, unit tests', run: check },
  test: { describe: 'everything that is tested', run: (args) => test(args, false) },
  'test:long': {
    describe: 'the same, and what takes long: the package, a demo from nothing',
    run: (args) => test(args, true),
  },
  bench: { describe: 'the benchmarks: npm run bench -- NAME', run: bench },
  fuzz: { describe: 'the fuzz targets: npm run fuzz -- NAME|all SECONDS', run: fuzz },
};

export async function build() {
  await Promise.all([installPackages(['build']), installNodeModules()]);
  await buildAll();
}

async function buildAll() {
  await buildAddon();
  await Promise.all([buildPrograms(), buildWeb()]);
}

async function startOnHost(args) {
  requireRoot('vmoat');
  await Promise.all([installPackages(['build', 'run']), installNodeModules()]);
  await startLibvirt();
  await buildAll();
  return start(args);
}

/** @param {string[]} args */
async function demo(args) {
  if (args.includes('--stop') || args.includes('--help')) return demoProgram(args);
  requireRoot('the demo');
  await Promise.all([installPackages(['build', 'run', 'demo']), installNodeModules()]);
  await startLibvirt();
  await Promise.all([buildAll(), makeGuestImage()]);
  return demoProgram(args);
}

async function demoProgram(args) {
  await installNodeModules();
  return shown([process.execPath, '--import', 'tsx', join(root, 'demo/main.ts'), ...args]);
}
