// npm's packages: `npm ci` where node_modules is not what the lock file says.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { logged } from './command.mjs';
import { buildNode } from './node20.mjs';
import { root } from './place.mjs';
import { step } from './progress.mjs';

/** Leaves a node_modules that matches the lock file alone. */
export async function installNodeModules() {
  if (matchesLock()) return;
  // An old Node's npm would leave out what has a newer Node in its `engines`, and say nothing.
  const { node, npm } = await buildNode();
  await step("installing npm's packages (npm ci)", () =>
    logged('npm-ci', [...npm, 'ci', '--no-audit', '--no-fund'], {
      env: { PATH: `${dirname(node)}:${process.env.PATH}`, NODE_EXTRA_CA_CERTS: authorities() },
      hint: 'the npm registry has to be reachable',
    }),
  );
}

// Debian's Node trusts Debian's authorities, npm's Node only those it came with.
const authorities = () => process.env.NODE_EXTRA_CA_CERTS ?? '/etc/ssl/certs/ca-certificates.crt';

/** Compares with npm's own record of what it installed. */
function matchesLock() {
  const record = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(record)) return false;
  const installed = packagesIn(record);
  return Object.entries(packagesIn(join(root, 'package-lock.json'))).every(
    ([path, wanted]) => path === '' || installed[path]?.version === wanted.version || mayBeMissing(wanted),
  );
}

/** What is optional belongs to other platforms, or to their parts, unless it names this one. */
const mayBeMissing = ({ optional, os = [], cpu = [], libc = ['glibc'] }) =>
  optional && !(os.includes('linux') && cpu.includes(process.arch) && libc.includes('glibc'));

const packagesIn = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;
