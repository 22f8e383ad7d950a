// How vmoat itself fares.
import { z } from 'zod';
import { Time } from './common.ts';

const Use = z.object({ pid: z.number().int(), cpuPercent: z.number(), residentBytes: z.number() });

export const Status = z.object({
  version: z.string(),
  at: Time,
  libvirt: z.object({
    state: z.enum(['connected', 'reconnecting', 'unavailable']),
    since: Time,
    reason: z.string(),
    domains: z.number().int(),
    reconnects: z.number().int(),
  }),
  dataplane: z.object({
    state: z.enum(['connected', 'reconnecting']),
    since: Time,
    reason: z.string(),
    version: z.string().nullable(),
    instance: z.string().nullable(),
    reconnects: z.number().int(),
    use: Use.nullable(),
    fallback: z
      .object({ library: z.string(), reason: z.string().describe('why it is not used; empty where it is') })
      .nullable()
      .describe('whose library names what vmoat does not know; null: nobody’s'),
    workers: z.array(z.object({ worker: z.number().int(), events: z.number(), heartbeatAgeMs: z.number() })),
    flows: z
      .object({
        kernel: z.number(),
        kernelMax: z.number(),
        sessions: z.number(),
        sessionsMax: z.number(),
        pickedUp: z.number(),
      })
      .nullable(),
    enforces: z.boolean().nullable().describe('whether verdicts are carried out; null: not connected'),
    panic: z.object({ until: Time }).nullable().describe('nothing is dropped or held until then'),
    tapToPolicy: z
      .object({ nics: z.number(), sumMs: z.number(), maxMs: z.number() })
      .nullable()
      .describe('from the appearance of taps until their policy was in, since vmoat-dp started'),
  }),
  policy: z.object({
    version: z.int().nullable().describe('that is live; null: none was applied'),
    rules: z.int(),
    learned: z.int().describe('rules that groups in learn have taught'),
    generation: z.int().describe('of the tables that follow from it'),
    inForce: z.int().nullable().describe('generation that vmoat-dp judges by; null: none, or not connected'),
    compileMs: z.number().nullable(),
    refused: z.string().nullable().describe('why vmoat-dp does not take the newest tables'),
    confirmBy: Time.nullable().describe('when the version is rolled back unless it is confirmed'),
  }),
  hostd: z.object({ use: Use, since: Time, historyRows: z.number().int(), historyBytes: z.number().int() }),
  nics: z.object({
    tapped: z.number().int(),
    untapped: z.number().int(),
    byHook: z.record(z.string(), z.number().int()),
  }),
  workloads: z.object({ total: z.number().int(), running: z.number().int() }),
  threats: z
    .object({
      low: z.number().int(),
      medium: z.number().int(),
      high: z.number().int(),
      critical: z.number().int(),
    })
    .describe('incidents that nobody has acknowledged'),
  lost: z.record(z.string(), z.number()).describe('by cause, since dp or hostd started'),
  anomalies: z.record(z.string(), z.number()),
});
export type Status = z.infer<typeof Status>;
