// What several shapes are made of: times, ends, modes, pages, problems.
import { z } from 'zod';

export const Time = z.iso.datetime().describe('RFC 3339, UTC');

export const Pair = z.tuple([z.number(), z.number()]).describe('[to server, to client]');

export const WorkloadRef = z.object({
  kind: z.enum(['vm', 'host', 'network', 'multicast', 'broadcast', 'external']),
  id: z.string().describe("vm: its UUID; host: 'host'; network: its name; else the kind"),
  name: z.string(),
  nic: z.string().optional().describe('tap of the NIC, where the end is one'),
  why: z.string().describe('how the address was resolved'),
});
export type WorkloadRef = z.infer<typeof WorkloadRef>;

export const Severity = z.enum(['low', 'medium', 'high', 'critical']);
export type Severity = z.infer<typeof Severity>;

/** Somebody has seen to it. */
export const Acknowledgement = z.object({
  at: Time,
  by: z.string().describe('who, as far as it is known'),
  note: z.string(),
});
export type Acknowledgement = z.infer<typeof Acknowledgement>;

export const Mode = z.enum(['learn', 'monitor', 'protect']);
export type Mode = z.infer<typeof Mode>;

export const Modes = z
  .tuple([Mode.nullable(), Mode.nullable()])
  .optional()
  .describe('effective ones of client and server, as of now; null: bears none');

export const Page = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), next: z.string().nullable().describe('cursor of the next page') });

export const Problem = z.object({
  code: z.string(),
  message: z.string(),
  field: z.string().optional(),
  hint: z.string().optional(),
});
export type Problem = z.infer<typeof Problem>;
