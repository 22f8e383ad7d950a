// The graph: who speaks to whom.
import { z } from 'zod';
import { Mode, Modes, Pair, Time, WorkloadRef } from './common.ts';
import { ThreatMark } from './threat.ts';
import { Workload } from './workload.ts';

export const GraphNode = z.object({
  id: z.string(),
  kind: WorkloadRef.shape.kind.or(z.literal('group')),
  name: z.string(),
  members: z.array(z.string()).optional(),
  state: Workload.shape.state.optional(),
  addresses: z.array(z.string()),
  mode: Mode.optional().describe('of a group the strictest of its members; absent: it bears none'),
  threats: ThreatMark.optional().describe('absent: none'),
});
export type GraphNode = z.infer<typeof GraphNode>;

export const GraphEdge = z.object({
  id: z.string(),
  from: z.string().describe('node id of the client'),
  to: z.string().describe('node id of the server'),
  app: z.string().nullable(),
  confidence: z.enum(['sure', 'guess']).nullable(),
  proto: z.string(),
  port: z.number().int(),
  sessions: z.number().int(),
  open: z.number().int(),
  packets: Pair,
  bytes: Pair,
  rate: Pair.describe('bytes a second over the last 5 s'),
  first: Time,
  last: Time,
  violations: z.number().int(),
  modes: Modes,
  threats: ThreatMark.optional().describe('absent: none'),
});
export type GraphEdge = z.infer<typeof GraphEdge>;

export const Graph = z.object({
  at: Time,
  level: z.enum(['vm', 'group']),
  since: Time.nullable().describe('null: what is live now'),
  until: Time.nullable(),
  nodes: z.array(GraphNode),
  edges: z.array(GraphEdge),
});
export type Graph = z.infer<typeof Graph>;
