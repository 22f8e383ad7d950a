// A flow, as one JSON object a line has it.
import { z } from 'zod';
import { Pair, Time, WorkloadRef } from './common.ts';

export const Flow = z.object({
  type: z.literal('flow'),
  id: z.string(),
  parent: z.string().nullable(),
  segment: z.string(),
  proto: z.string().describe("IANA's keyword in lower case"),
  src: z.string().describe('the client'),
  sport: z.number().int(),
  dst: z.string(),
  dport: z.number().int(),
  direction: z.enum(['seen', 'inferred']),
  app: z.string().optional().describe('layers from the outside in, joined by /; absent when unknown'),
  confidence: z.enum(['sure', 'guess']).optional(),
  tunnel: z.array(z.object({ kind: z.string(), id: z.number().int() })),
  vlan: z.array(z.number().int()).optional(),
  pickedUp: z.boolean().optional().describe('older than the tap: its first packets were not seen'),
  packets: Pair,
  bytes: Pair,
  retransmissions: Pair.optional().describe('TCP segments that repeated data'),
  first: Time,
  last: Time,
  end: z.enum(['fin', 'rst', 'timeout', 'eof', 'evicted']).nullable(),
  from: WorkloadRef.optional(),
  to: WorkloadRef.optional(),
  verdict: z.enum(['allow', 'deny']).optional(),
  violation: z.boolean().optional(),
  enforced: z.enum(['passed', 'dropped', 'reset']).optional(),
  decidedBy: z.enum(['rule', 'mode', 'failPolicy', 'panic']).optional(),
  rule: z.string().nullable().optional(),
  via: z.string().nullable().optional(),
  facts: z.record(z.string(), z.string()).optional(),
  threats: z.array(z.string()),
  anomalies: z.array(z.string()),
});
export type Flow = z.infer<typeof Flow>;
