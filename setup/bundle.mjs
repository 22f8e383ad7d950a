// Bundles each program's TypeScript into one file under build/js, with a source map beside it.
// Then npx and node_modules/.bin find the programs of bin/, too.
// As a module: `await bundle()`. As a script: `node setup/bundle.mjs`.
import { readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Output below build/js → entry. Workers stand beside the program that starts them. */
const PROGRAMS = {
  vmoat: 'hostd/cli/main.ts',
  'vmoat-hostd': 'hostd/main.ts',
  'vmoat-dp': 'dp/service/main.ts',
};

/** Packages with native code of their own: found in node_modules at run time. */
const NATIVE = ['@photostructure/sqlite'];

/** CommonJS packages inside an ES module still ask for require, __filename and __dirname. */
const BANNER = [
  "import { createRequire as vmoatCreateRequire } from 'node:module';",
  "import { fileURLToPath as vmoatFileURLToPath } from 'node:url';",
  'const require = vmoatCreateRequire(import.meta.url);',
  'const __filename = vmoatFileURLToPath(import.meta.url);',
  "const __dirname = vmoatFileURLToPath(new URL('.', import.meta.url));",
].join('\n');

/** Writes build/js/NAME.mjs and NAME.mjs.map for every program; rejects with esbuild's messages. */
export async function bundle(programs = PROGRAMS) {
  await build({
    absWorkingDir: root,
    entryPoints: programs,
    outdir: join(root, 'build/js'),
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node18.19',
    sourcemap: 'linked',
    external: NATIVE,
    banner: { js: BANNER },
    legalComments: 'none',
    logLevel: 'warning',
  });
  linkPrograms();
}

/** npm links the programs of dependencies only, not a package's own. */
function linkPrograms() {
  const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  for (const [name, file] of Object.entries(bin)) {
    const link = join(root, 'node_modules/.bin', name);
    rmSync(link, { force: true });
    symlinkSync(join('../..', file), link);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundle();
