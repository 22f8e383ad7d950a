// The C++ tests and the fuzz corpora, all under ASan and UBSan.
import { join } from 'node:path';
import { captured, logged, recorded } from './command.mjs';
import { SetupFailure } from './failure.mjs';
import { buildNative } from './native.mjs';
import { build } from './place.mjs';
import { say } from './progress.mjs';

const SANITIZERS = { ASAN_OPTIONS: 'detect_leaks=1:abort_on_error=1', UBSAN_OPTIONS: 'print_stacktrace=1' };

/** The program of a test, where it is not ROOM_test for the room that its name begins with. */
const PROGRAMS = {
  'fuzz-corpora': 'fuzz_replay',
  'fuzz-captures': 'fuzz_captures',
  'fuzz-leak-detector': 'fuzz_captures',
};

/** @returns {Promise<import('./tally.mjs').Counts>} */
export async function nativeTests() {
  const names = testNames(await configured());
  await buildNative('asan', [
    ...new Set(names.map((name) => PROGRAMS[name] ?? `${name.split('-')[0]}_test`)),
  ]);
  const argv = ['ctest', '--test-dir', join(build, 'asan'), '--output-on-failure', '--timeout', '300', '-j4'];
  const { code, out } = await recorded('ctest', argv, { env: SANITIZERS });
  const [, failed = '0', total = '0'] = /(\d+) tests? failed out of (\d+)/.exec(out) ?? [];
  const skipped = (out.match(/\*{3}Skipped/g) ?? []).length;
  if (Number(failed) > 0 || code !== 0) say(out);
  if (Number(total) === 0) return { passed: 0, failed: 1, skipped: 0 };
  return { passed: Number(total) - Number(failed) - skipped, failed: Number(failed), skipped };
}

async function configured() {
  await logged('cmake-asan', ['cmake', '-S', 'dp', '--preset', 'asan']);
  return captured(['ctest', '--test-dir', join(build, 'asan'), '-N']).out;
}

function testNames(listing) {
  const names = [...listing.matchAll(/Test\s+#\d+: (\S+)/g)].map((match) => match[1] ?? '');
  if (names.length === 0)
    throw new SetupFailure('ctest knows no tests', { hint: 'look into dp/CMakeLists.txt' });
  return names;
}
