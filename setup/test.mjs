// `npm test`: everything that is tested, with one line of totals at the end.
import { checks } from './check.mjs';
import { SetupFailure } from './failure.mjs';
import { makeGuestImage, makeMachineRoot } from './images.mjs';
import { buildNative, buildPrograms, buildWeb } from './native.mjs';
import { installNodeModules } from './node-modules.mjs';
import { nodeTests, testFiles, waiting } from './node-tests.mjs';
import { installPackages, requireRoot } from './packages.mjs';
import { startLibvirt } from './services.mjs';
import { Tally } from './tally.mjs';

/** Run by checks already. */
const CHECKED = 'test/layers/';

/** @param {string[]} args a part of a path runs only the files that have it @param {boolean} long @returns {Promise<number>} exit code */
export async function test(args, long) {
  const found = testFiles();
  const all = args.length === 0;
  const files = all ? found.whole.filter((file) => !file.startsWith(CHECKED)) : named(found, args);
  requireRoot('the tests of taps, bridges and guests');
  await Promise.all([installPackages(['build', 'run', 'test', 'demo']), installNodeModules()]);
  await startLibvirt();
  const tally = new Tally();
  const images = all ? makeImages() : undefined;
  images?.catch(() => {}); // it is told of below
  const targets = ['all', long || !all ? 'kernel61_long_tests' : 'kernel61_tests'];
  if (all) await checks(tally, { everything: long, targets });
  await buildNative('release', targets);
  await Promise.all([buildPrograms(), buildWeb(), images]);
  if (all)
    await tally.stage('tests side by side', () => nodeTests(found.apart, { atOnce: waiting, name: 'apart' }));
  await tally.stage('tests of the whole', () => nodeTests(files, { atOnce: 1, name: 'whole' }));
  if (long && all) await tally.stage('long tests', () => nodeTests(found.long, { atOnce: 1, name: 'long' }));
  return tally.end();
}

/** One after the other: both leave the compiler its time. */
async function makeImages() {
  await makeGuestImage();
  await makeMachineRoot();
}

/** Files whose path has one of the parts. */
function named({ rooms, apart, whole, long }, parts) {
  const files = [...rooms, ...apart, ...whole, ...long].filter((file) =>
    parts.some((part) => file.includes(part)),
  );
  if (files.length > 0) return files;
  throw new SetupFailure(`no test file has ${parts.map((part) => `"${part}"`).join(' or ')} in its path`, {
    hint: 'name a part of a path, as in npm test -- libvirt/protect, or nothing for all tests',
  });
}
