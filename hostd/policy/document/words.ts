// The small things that policy documents are made of: names, modes, times. Sizes are bounded here.
import { z } from 'zod';
import { MODES } from '../../base/modes.ts';

export const Mode = z.enum(MODES);

export const NAME_CHARS_MAX = 255;
/** The automatic group of the VM whose name follows. */
export const VM_PREFIX = 'vm.';
/** The same, as rules may also write it. */
export const VM_SHORT = 'vm:';
export const SERVICE_PREFIX = 'svc.';

/** Groups of addresses that are of many ends at once; nothing is ever sent from them. */
export const OF_MANY = ['multicast', 'broadcast'] as const;
/** Groups that exist without being written down. `unknown`: NICs of VMs that libvirt has not named yet. */
export const BUILT_IN = ['any', 'host', 'external', 'unknown', ...OF_MANY] as const;
export const isBuiltIn = (name: string): boolean => BUILT_IN.some((each) => each === name);

const PLAIN_NAME = '[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,126}';
/** libvirt takes nearly anything as a name; we take no control characters. */
const VM_NAME = '[^\\u0000-\\u001f\\u007f-\\u009f]{1,251}';

export const GroupName = z
  .string()
  .max(NAME_CHARS_MAX)
  .regex(
    new RegExp(`^(${PLAIN_NAME}|vm\\.${VM_NAME})$`),
    'a name of letters, digits and `_ . @ + -`, or `vm.NAME` for the group of one VM',
  );

export const GroupReference = z
  .string()
  .max(NAME_CHARS_MAX)
  .regex(
    new RegExp(`^(${PLAIN_NAME}|vm[.:]${VM_NAME})$`),
    'the name of a group, `any`, `host`, `external`, `multicast`, `broadcast`, or `vm:NAME` for one VM',
  );

/** `vm:NAME` is short for the group `vm.NAME`. */
export const groupOfReference = (reference: string): string =>
  reference.startsWith(VM_SHORT) ? `${VM_PREFIX}${reference.slice(VM_SHORT.length)}` : reference;

export const Comment = z.string().max(2000).describe('for people');

const UNITS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^([1-9]\d{0,5})([smhd])$/;
export const Duration = z.string().regex(DURATION, 'a duration such as 90s, 30m, 72h or 7d');

/** Milliseconds; the text is a checked Duration. */
export function durationMs(text: string): number {
  const [, count = '0', unit = 's'] = DURATION.exec(text) ?? [];
  return Number(count) * (UNITS[unit] ?? 0);
}
