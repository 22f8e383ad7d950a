// Incidents of threats, by themselves and in groups, and what threats there are.
import { z } from 'zod';
import { Acknowledgement, Severity, Time, WorkloadRef } from './common.ts';

/** One incident: a threat between two ends at one NIC, until it is silent for a minute. */
export const Threat = z.object({
  id: z.string(),
  name: z.string().describe('which threat: a name of GET /threat-kinds'),
  severity: Severity,
  action: z.enum(['alert', 'deny']).describe('what protect would do'),
  first: Time,
  last: Time,
  count: z.number().describe('times it was seen'),
  segment: z.string(),
  proto: z.string().describe("IANA's keyword in lower case, `ethernet` where it is not IP"),
  src: z.string().nullable().describe('who did it; null where it is not IP'),
  sport: z.number().int(),
  dst: z.string().nullable(),
  dport: z.number().int(),
  from: WorkloadRef.optional().describe('who src is; absent where nothing says it'),
  to: WorkloadRef.optional(),
  nic: z.string().nullable().describe('tap of the NIC where it was seen'),
  sender: z.enum(['guest', 'network']).describe("guest: the NIC's VM did it; network: it was done to the VM"),
  source: z.string().describe('what incidents of a name are grouped by: UUID of a VM, an address or a NIC'),
  flow: z.string().nullable().describe('the flow where it was seen last'),
  evidence: z.string().describe('the proof; may hold anything the peer sent'),
  acknowledged: Acknowledgement.nullable(),
});
export type Threat = z.infer<typeof Threat>;

/** Incidents of one threat by one source. */
export const ThreatGroup = z.object({
  name: z.string(),
  severity: Severity,
  source: z.string(),
  incidents: z.number().int(),
  open: z.number().int().describe('incidents that nobody has acknowledged'),
  targets: z.number().int().describe('different addresses it was done to'),
  count: z.number().describe('times it was seen, of all incidents'),
  first: Time,
  last: Time,
  newest: Threat.describe('the incident that was seen last'),
});
export type ThreatGroup = z.infer<typeof ThreatGroup>;

/** What a threat is, as vmoat-dp says. */
export const ThreatKind = z.object({
  name: z.string(),
  severity: Severity,
  action: Threat.shape.action,
  means: z.string(),
  evidence: z.string().describe('what is shown as proof'),
  live: z.string().describe('what is seen of it at a NIC, and what bounds that'),
  offline: z.string().describe('what is seen of it in a capture file'),
  thresholds: z.array(
    z.object({
      name: z.string().describe('its key in the configuration file, below the name of the threat'),
      unit: z.string(),
      standard: z.number(),
      least: z.number(),
      most: z.number(),
      means: z.string(),
    }),
  ),
});
export type ThreatKind = z.infer<typeof ThreatKind>;

/** Open incidents that a node or an edge of the graph takes part in. */
export const ThreatMark = z.object({ open: z.number().int(), worst: Severity });
export type ThreatMark = z.infer<typeof ThreatMark>;
