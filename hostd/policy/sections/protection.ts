// What a group says of its members in protect, beside rules: keys of an entry of the section `groups`.
import { z } from 'zod';
import type { GroupProtection } from '../../../dp/contract/policy.ts';

const FAIL_SAFE_PORTS_MAX = 16;
const OPENING_FRAMES_MAX = 1024;
const OPENING_BYTES_MAX = 16 * 1024 * 1024;

const PORT = /^(?:tcp|udp)\/([1-9]\d{0,4})$/;
const FailSafePort = z
  .string()
  .refine(
    (text) => Number(PORT.exec(text)?.[1] ?? Number.NaN) <= 65_535,
    'a single port such as tcp/22 or udp/53',
  );

const Opening = z
  .strictObject({
    frames: z
      .int()
      .min(1)
      .max(OPENING_FRAMES_MAX)
      .describe('at each NIC, of each flow; 32 where no group says'),
    bytes: z.int().min(1).max(OPENING_BYTES_MAX).describe('likewise; 65536 where no group says'),
  })
  .describe('how much of a flow passes while rules hang on its application; of several the least');

/** In the order in which they are shown. */
export const protection = {
  failPolicy: z
    .enum(['open', 'closed'])
    .optional()
    .describe('in protect, what passes while the engine is dead or hung: `open` (all) or `closed` (nothing)'),
  failSafePorts: z
    .array(FailSafePort)
    .min(1)
    .max(FAIL_SAFE_PORTS_MAX)
    .optional()
    .describe(
      'in protect, reachable whatever the rules say and however the engine fares; those of all groups',
    ),
  ownAddresses: z
    .enum(['configured', 'leased', 'learned', 'any'])
    .optional()
    .describe(
      'in protect, whose addresses a VM may send under: of libvirt’s XML, also of DHCP, also what nobody else has (`learned`, where no group says), or any; of several the strictest',
    ),
  mayServe: z
    .array(z.enum(['dhcp', 'router']))
    .min(1)
    .max(2)
    .optional()
    .describe('in protect, what a VM may act as: a DHCP server, an IPv6 router; those of all groups'),
  otherFrames: z
    .enum(['drop', 'pass'])
    .optional()
    .describe(
      'in protect, frames that no rule can speak of; `drop` where no group says; of several the strictest',
    ),
  opening: Opening.optional(),
};

export const PROTECTION = Object.keys(protection) as (keyof typeof protection)[];

/** What dp is told beside the fail policy; null: nothing is said. */
export function groupProtection(group: { [key in keyof GroupProtection]: unknown }): GroupProtection | null {
  const said = PROTECTION.filter((key) => key !== 'failPolicy').flatMap((key) =>
    group[key] === undefined ? [] : [[key, group[key]]],
  );
  return said.length === 0 ? null : (Object.fromEntries(said) as GroupProtection);
}
