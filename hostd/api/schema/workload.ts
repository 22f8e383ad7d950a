// VMs, their NICs, and the names that DNS told them.
import { z } from 'zod';
import { Mode, Time } from './common.ts';

export const NicProtection = z.object({
  state: z
    .enum(['off', 'waiting', 'inline'])
    .describe('waiting: its policy or its enforcer is on its way; inline: verdicts are carried out'),
  enforcer: z.enum(['splice', 'inplace']).nullable(),
  reason: z.string().describe('why this enforcer and no other, or why none'),
  failPolicy: z.enum(['open', 'closed']).describe('what passes while the engine is dead or hung'),
  frames: z
    .record(z.string(), z.tuple([z.number(), z.number()]))
    .describe('[from NIC, to NIC] by cause, docs/protect.md; causes that never happened are left out'),
});
export type NicProtection = z.infer<typeof NicProtection>;

export const Nic = z.object({
  id: z.string().describe('UUID of the workload + / + MAC'),
  workload: z.string(),
  workloadName: z.string(),
  mac: z.string(),
  tap: z.string().nullable(),
  source: z.enum(['network', 'bridge', 'direct', 'ovs', 'ethernet', 'user', 'hostdev', 'vhostuser', 'other']),
  network: z.string().nullable(),
  portGroup: z.string().nullable(),
  vlans: z.array(z.number().int()),
  model: z.string().nullable(),
  linkUp: z.boolean(),
  bandwidth: z.boolean(),
  addresses: z.array(
    z.object({ address: z.string(), source: z.enum(['configured', 'dhcp', 'arp', 'ndp', 'traffic']) }),
  ),
  segment: z.string().nullable(),
  hook: z.enum(['tcx', 'clsact', 'none']),
  reason: z.string().describe('why it is not tapped, or what is less than usual; empty when all is well'),
  packets: z.tuple([z.number(), z.number()]).describe('[from NIC, to NIC]'),
  bytes: z.tuple([z.number(), z.number()]),
  lost: z.number().int(),
  protection: NicProtection.nullable().describe(
    'how verdicts are carried out; null: vmoat-dp has no such NIC',
  ),
});
export type Nic = z.infer<typeof Nic>;

/** DNS told a NIC's guest that a name has an address: its question and the answer were seen. */
export const LearnedName = z.object({
  name: z.string().describe('in lower case: letters, digits, hyphens, underscores and dots'),
  address: z.string(),
  nic: z.string().nullable().describe('tap of the NIC that asked'),
  workload: z.string().nullable().describe('UUID of its VM'),
  workloadName: z.string().nullable(),
  segment: z.string(),
  server: z.string().describe('who answered'),
  ttl: z.number().int().describe('seconds; at least 60, at most a day'),
  first: Time.describe('when it was learned'),
  seen: Time.describe('when it was told last, to half a minute'),
  until: Time.describe('it counts until then: the TTL and half a minute'),
});
export type LearnedName = z.infer<typeof LearnedName>;

export const Workload = z.object({
  id: z.string().describe('libvirt UUID'),
  name: z.string(),
  title: z.string().nullable(),
  state: z.enum(['running', 'paused', 'shutoff', 'crashed', 'migrating', 'suspended']),
  os: z.string().nullable(),
  tags: z.array(z.string()),
  mode: Mode.describe('the effective one'),
  modeFrom: z.string().nullable().describe('the group that gives the mode; null: it is the default'),
  groups: z.array(z.string()).describe('of the policy, the automatic one last'),
  persistent: z.boolean(),
  nics: z.array(Nic),
});
export type Workload = z.infer<typeof Workload>;
