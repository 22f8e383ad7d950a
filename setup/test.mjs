// `npm test`: everything that is tested, with one line of totals at the end.
import { checks } from './check.mjs';
import { buildNative, buildPrograms, buildWeb } from './native.mjs';
import { installNodeModules } from './node-modules.mjs';
import { nodeTests, testFiles } from './node-tests.mjs';
import { installPackages, requireRoot } from './packages.mjs';
import { startLibvirt } from './services.mjs';
import { Tally } from './tally.mjs';

/** @param {string[]} args a part of a path runs only the files that have it @param {boolean} long @returns {Promise<number>} exit code */
export async function test(args, long) {
  requireRoot('the tests of taps, bridges and guests');
  await Promise.all([installPackages(['build', 'run', 'test', 'demo']), installNodeModules()]);
  await startLibvirt();
  const tally = new Tally();
  if (args.length === 0) await checks(tally, { everything: long });
  await buildNative('release', ['all', 'kernel61_tests']);
  await Promise.all([buildPrograms(), buildWeb()]);
  const { rooms, apart, whole, long: longest } = testFiles();
  const chosen = (files) => files.filter((file) => args.some((part) => file.includes(part)));
  const all = args.length === 0;
  if (all) await tally.stage('tests side by side', () => nodeTests(apart, { serial: false, name: 'apart' }));
  const files = all
    ? whole.filter((file) => !file.startsWith('test/layers/'))
    : chosen([...rooms, ...apart, ...whole, ...longest]);
  await tally.stage('tests of the whole', () => nodeTests(files, { serial: true, name: 'whole' }));
  if (long && all) await tally.stage('long tests', () => nodeTests(longest, { serial: true, name: 'long' }));
  return tally.end();
}
