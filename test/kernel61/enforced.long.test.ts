// Every packet case of the tap, and every test of the enforcers and of protection, on Debian 12's own kernel.
import { test } from 'node:test';
import { succeedInGuest } from './guest.ts';

const LIMIT_MS = 3_600_000;

for (const command of [
  // What counting costs is measured on real machines only
  'VMOAT_ROUNDS=300 capture_test -tc="kernel*" -tce=*costs* -nc',
  'enforce_test -nc',
  'engine_test -tc="protect*" -nc -d',
  'engine_test -tc="bypass*" -nc -d',
])
  test(`${command} on Debian 12’s kernel`, { timeout: LIMIT_MS + 60_000 }, (t) =>
    succeedInGuest(t, [command], LIMIT_MS),
  );
