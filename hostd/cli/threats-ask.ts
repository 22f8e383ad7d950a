// What `vmoat threats` asks of the daemon.
import { Page, Threat } from '../api/schema.ts';
import type { Context } from './context.ts';
import type { Query } from './daemon.ts';

const PAGE_MAX = 1000;

export interface ThreatsOptions {
  follow?: boolean;
  last?: number;
  since?: string;
  vm?: string;
  group?: string;
  severity?: string;
  name?: string;
  grep?: string;
  all?: boolean;
  output: 'table' | 'json' | 'id';
}

/** The options that the stream filters by. */
export const streamQuery = ({ vm, group, severity, name, grep }: ThreatsOptions): Query => ({
  workload: vm,
  group,
  severity,
  name,
  q: grep,
});

export const groupQuery = (options: ThreatsOptions): Query => ({
  ...streamQuery(options),
  since: options.since,
  acknowledged: options.all ? undefined : 'no',
});

/** The newest incidents that pass, the newest last. */
export async function newestThreats(
  options: ThreatsOptions,
  context: Context,
  wanted: number,
): Promise<Threat[]> {
  const found: Threat[] = [];
  let cursor: string | undefined;
  while (found.length < wanted) {
    const limit = String(Math.min(PAGE_MAX, wanted - found.length));
    const page = await context
      .daemon()
      .get(Page(Threat), '/threats', { ...groupQuery(options), limit, cursor });
    found.push(...page.items);
    if (page.next === null) break;
    cursor = page.next;
  }
  return found.reverse();
}
