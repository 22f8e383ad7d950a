// Violations: flows that no rule allows, or that one denies.
import { z } from 'zod';
import { Acknowledgement, Modes, Time, WorkloadRef } from './common.ts';

const ViolationEnd = z.object({
  kind: WorkloadRef.shape.kind,
  id: WorkloadRef.shape.id,
  name: z.string(),
  address: z.string().describe('of one of the flows'),
});

/** Flows that no rule allows, or that one denies, between two ends on one service. */
export const Violation = z.object({
  id: z.string(),
  from: ViolationEnd.describe('the client'),
  to: ViolationEnd.describe('the server'),
  app: z.string().nullable(),
  proto: z.string(),
  port: z.number().int(),
  verdict: z.enum(['allow', 'deny']),
  decidedBy: z.enum(['rule', 'mode']).describe('mode: no rule speaks of it'),
  rule: z.string().nullable(),
  flows: z.number().int(),
  first: Time,
  last: Time,
  example: z.string().describe('id of one of the flows'),
  modes: Modes,
  acknowledged: Acknowledgement.nullable(),
});
export type Violation = z.infer<typeof Violation>;

export const ViolationSource = z.object({
  from: ViolationEnd,
  violations: z.number().int().describe('different ones, at least'),
});
export type ViolationSource = z.infer<typeof ViolationSource>;

export const Violations = z.object({
  items: z.array(Violation).describe('the latest first'),
  sources: z.array(ViolationSource).describe('those that have more than are listed of each'),
});
export type Violations = z.infer<typeof Violations>;
