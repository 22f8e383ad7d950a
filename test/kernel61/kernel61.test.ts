// Debian 12's own kernel: every eBPF object loaded, attached and put through the packet cases there, and NICs
// enforced where only that kernel lets it be tested.
import { describe, test } from 'node:test';
import { succeedInGuest } from './guest.ts';

// What counting costs is measured on real machines only
const TAPS = ['VMOAT_ROUNDS=300 capture_test -tc="kernel*,tap*" -tce=*costs* -nc'];
const ENFORCED = [
  'plumb_test -tc="bridge*" -nc',
  'enforce_test -tc="VLANs*" -nc -d',
  'engine_test -tc="protect in*" -tce="*splice, where*" -nc -d',
];

// Each guest keeps one processor busy.
describe('on Debian 12’s kernel', { concurrency: 2 }, () => {
  test('the tap programs', { timeout: 480_000 }, (t) => succeedInGuest(t, TAPS));
  test('NICs enforced: VLANs and Open vSwitch', { timeout: 480_000 }, (t) => succeedInGuest(t, ENFORCED));
});
