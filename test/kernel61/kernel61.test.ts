// Debian 12's own kernel: every eBPF object loaded, attached and put through the packet cases there.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findKernel, runInGuest } from './guest.ts';

const BUILD = process.env.VMOAT_BUILD ?? 'build/release';
// What counting costs is measured on real machines only
const COMMANDS = ['VMOAT_DEBIAN_KERNEL=1 VMOAT_ROUNDS=300 capture_test -tc="kernel*,tap*" -tce=*costs* -nc'];

async function missing(): Promise<string | undefined> {
  if (!existsSync(join(BUILD, 'capture_test'))) return `${BUILD}/capture_test is not built`;
  if (!existsSync('/usr/bin/qemu-system-x86_64')) return 'no qemu-system-x86_64';
  return findKernel().then(
    () => undefined,
    (error: Error) => error.message,
  );
}

test('the tap programs on Debian 12’s kernel', { timeout: 300_000 }, async (t) => {
  const reason = await missing();
  if (reason && process.env.VMOAT_REQUIRE !== 'all') return t.skip(reason);
  assert.equal(reason, undefined);
  const guest = await runInGuest([join(BUILD, 'capture_test')], COMMANDS);
  assert.match(guest.kernel, /^6\.1\./);
  assert.deepEqual(
    guest.codes,
    COMMANDS.map(() => 0),
    guest.output,
  );
  assert.match(guest.output, /test cases: +\d+ \| +\d+ passed \| 0 failed/);
});
