// What `vmoat flows` asks of the daemon, and the text of what comes back.
import { Flow, Page } from '../api/schema.ts';
import type { Context } from './context.ts';
import type { Query } from './daemon.ts';
import { compact, flowTable } from './flow-text.ts';
import { safeJson } from './terminal.ts';

const PAGE_MAX = 1000;

export interface FlowsOptions {
  follow?: boolean;
  updates?: boolean;
  last?: number;
  since?: string;
  until?: string;
  from?: string;
  to?: string;
  vm?: string;
  group?: string;
  app?: string;
  proto?: string;
  port?: string;
  verdict?: string;
  grep?: string;
  output?: 'table' | 'compact' | 'json';
}

/** The options that the API filters by. */
export const filterQuery = (options: FlowsOptions): Query => ({
  from: options.from,
  to: options.to,
  workload: options.vm,
  group: options.group,
  app: options.app,
  proto: options.proto,
  port: options.port,
  verdict: options.verdict,
  q: options.grep,
});

/** The newest flows that pass, the newest last. */
export async function newest(options: FlowsOptions, context: Context, wanted: number): Promise<Flow[]> {
  const found: Flow[] = [];
  let cursor: string | undefined;
  while (found.length < wanted) {
    const limit = String(Math.min(PAGE_MAX, wanted - found.length));
    const query = { ...filterQuery(options), since: options.since, until: options.until, limit, cursor };
    const page = await context.daemon().get(Page(Flow), '/flows', query);
    found.push(...page.items);
    if (page.next === null) break;
    cursor = page.next;
  }
  return found.reverse();
}

export function flowsText(
  flows: readonly Flow[],
  output: 'table' | 'compact' | 'json',
  context: Context,
): string {
  const { terminal, now } = context;
  if (output === 'json') return flows.map((flow) => `${safeJson(flow)}\n`).join('');
  if (output === 'compact') return flows.map((flow) => compact(flow, terminal, now())).join('');
  return flowTable(flows, terminal, now());
}
