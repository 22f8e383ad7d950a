// `npm run check`: what can be said without guests and networks: style, lint, types, layers, unit tests.
import { join } from 'node:path';
import { captured, logged } from './command.mjs';
import { filesBelow } from './fresh.mjs';
import { buildNative, buildPrograms } from './native.mjs';
import { nativeTests } from './native-tests.mjs';
import { installNodeModules } from './node-modules.mjs';
import { computing, nodeTests, testFiles } from './node-tests.mjs';
import { installPackages } from './packages.mjs';
import { build, root } from './place.mjs';
import { Tally } from './tally.mjs';

const bin = (name) => join(root, 'node_modules/.bin', name);

/** @returns {Promise<number>} exit code */
export async function check() {
  await Promise.all([installPackages(['build', 'test']), installNodeModules()]);
  const tally = new Tally();
  await checks(tally);
  return tally.end();
}

/**
 * @param {Tally} tally
 * @param {{everything?: boolean, targets?: string[]}} [how] everything: clang-tidy over all files, not the changed ones;
 * targets: of the release build, which is made while the C++ tests wait
 */
export async function checks(tally, { everything = false, targets = ['vmoat_node'] } = {}) {
  await tally.check('biome', () => logged('biome', [bin('biome'), 'ci', '--colors=off', '.']));
  await tally.check('clang-format', () =>
    logged('clang-format', ['clang-format-19', '--dry-run', '-Werror', ...cppFiles()]),
  );
  await tally.check('types (tsc)', () => logged('tsc', [bin('tsc'), '-p', '.']));
  const released = buildNative('release', targets, { idle: true });
  released.catch(() => {}); // it is told of below
  await tally.stage('C++ tests and fuzz corpora under ASan and UBSan', nativeTests);
  await released;
  await tally.check('clang-tidy', () => tidy(everything));
  await buildPrograms();
  await tally.stage('unit tests', () =>
    nodeTests(testFiles().rooms, { atOnce: computing, name: 'unit-tests' }),
  );
  await tally.stage('layers', () => nodeTests(['test/layers/layers.test.ts'], { atOnce: 1, name: 'layers' }));
}

const cppFiles = () => filesBelow('dp').filter((file) => /\.(cc|h|c)$/.test(file));

/** Two jobs at most: clang-tidy takes a second or more for each file. */
async function tidy(everything) {
  const all = cppFiles().filter((file) => file.endsWith('.cc'));
  const changed = new Set(changedFiles());
  const files = everything ? all : all.filter((file) => changed.has(file));
  if (files.length === 0) return;
  const argv = [
    'xargs',
    '-P',
    '2',
    '-n',
    '4',
    'clang-tidy-19',
    '-p',
    join(build, 'asan'),
    '--quiet',
    '--warnings-as-errors=*',
  ];
  await logged('clang-tidy', ['sh', '-c', `printf '%s\\n' "$@" | ${argv.join(' ')}`, 'sh', ...files]);
}

/** Since the last commit and in it. */
function changedFiles() {
  const since =
    captured(['git', 'rev-parse', '--verify', '-q', 'HEAD~1'], { cwd: root }).code === 0 ? 'HEAD~1' : 'HEAD';
  const diff = captured(['git', 'diff', '--name-only', '--diff-filter=d', since], { cwd: root }).out;
  const fresh = captured(['git', 'ls-files', '--others', '--exclude-standard'], { cwd: root }).out;
  return `${diff}\n${fresh}`.split('\n');
}
