// What the live stream sends.
import { z } from 'zod';
import { EventRecord } from './event.ts';
import { Flow } from './flow.ts';
import { Graph } from './graph.ts';
import { Status } from './status.ts';
import { Threat } from './threat.ts';
import { Workload } from './workload.ts';

/** What the live stream sends: SSE events named by `kind`. */
export const StreamEvent = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('flows'), flows: z.array(Flow) }),
  z.object({ kind: z.literal('graph'), graph: Graph }),
  z.object({ kind: z.literal('status'), status: Status }),
  z.object({ kind: z.literal('workloads'), workloads: z.array(Workload) }),
  z.object({ kind: z.literal('threats'), threats: z.array(Threat) }),
  z.object({ kind: z.literal('events'), events: z.array(EventRecord) }),
  z.object({
    kind: z.literal('dropped'),
    flows: z
      .number()
      .int()
      .describe('flows left out since the last event because the client reads too slowly'),
    threats: z.number().int().describe('and incidents'),
    events: z.number().int().describe('and events'),
  }),
]);
export type StreamEvent = z.infer<typeof StreamEvent>;
