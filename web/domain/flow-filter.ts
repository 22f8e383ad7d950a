// Decides whether a flow passes the filter; the server does the same for history, this is for live flows.
import type { Flow, WorkloadRef } from '../../hostd/api/schema.ts';
import { isApplication } from './application.ts';
import { nodeIdOf } from './ends.ts';
import type { Filter } from './place.ts';

function isWorkload(end: WorkloadRef | undefined, address: string, wanted: string): boolean {
  if (address === wanted) return true;
  return end !== undefined && (nodeIdOf(end) === wanted || end.id === wanted || end.name === wanted);
}

function hasVerdict(flow: Flow, wanted: Filter['verdict']): boolean {
  if (wanted === 'violation') return flow.violation === true;
  return wanted === '' || flow.verdict === wanted;
}

/** Everything of a flow that free text is looked for in, lower case. */
function words(flow: Flow): string {
  const ends = [flow.from?.name, flow.to?.name, flow.src, flow.dst];
  const facts = Object.values(flow.facts ?? {});
  const all = [...ends, flow.app, flow.proto, flow.segment, ...facts, ...flow.threats, ...flow.anomalies];
  return all.join('\n').toLowerCase();
}

export function matches(flow: Flow, filter: Filter): boolean {
  const { workload, app, port, text } = filter;
  if (workload && !isWorkload(flow.from, flow.src, workload) && !isWorkload(flow.to, flow.dst, workload))
    return false;
  if (app && !isApplication(flow.app, app)) return false;
  if (port && flow.dport !== Number(port)) return false;
  return hasVerdict(flow, filter.verdict) && (!text || words(flow).includes(text.toLowerCase()));
}
