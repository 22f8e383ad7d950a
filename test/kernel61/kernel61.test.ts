// Debian 12's own kernel: every eBPF object is loaded and attached there, and NICs are enforced on a bridge that filters
// VLANs, which only that kernel has.
import { test } from 'node:test';
import { succeedInGuest } from './guest.ts';

const COMMANDS = [
  'capture_test -tc="tap hooks*" -nc',
  'plumb_test -tc="bridge*" -nc',
  'enforce_test -tc="VLANs*" -nc -d',
];

test('on Debian 12’s kernel programs load, and enforce in VLANs', { timeout: 480_000 }, (t) =>
  succeedInGuest(t, COMMANDS),
);
