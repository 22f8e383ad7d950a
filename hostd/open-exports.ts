// Exports with what they are made of: the policy in force, the graph, the history.
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Flow, Violation } from './api/schema.ts';
import type { Clock } from './base/clock.ts';
import type { Log } from './base/log.ts';
import type { Emit } from './events/events.ts';
import type { Content, GroupContent, PolicyContent } from './export/content.ts';
import { Exports } from './export/exports.ts';
import type { Graphs } from './graphs.ts';
import type { History } from './history/history.ts';
import type { Policy } from './policy/policy.ts';
import type { Export } from './policy/sections/exports.ts';

export interface ExportParts {
  stateDir: string;
  clock: Clock;
  log: Log;
  emit: Emit;
  history: History;
  graphs: Graphs;
  policy: Policy;
}

const PAGE = 1000;
/** Of each source: more are a scan. */
const VIOLATIONS_EACH = 1000;

/** They begin when they are told of the policy's: `use`. */
export function openExports(parts: ExportParts): Exports {
  const { stateDir, clock, log, emit, policy } = parts;
  return new Exports({
    stateFile: join(stateDir, 'exports.json'),
    hostName: hostname(),
    clock,
    log,
    emit,
    content: (what, window_ms) => contentOf(what, window_ms, parts),
    policyVersion: () => policy.versions.live.version,
  });
}

async function contentOf(what: Export['what'], window_ms: number, parts: ExportParts): Promise<Content> {
  const { clock, graphs, history, policy } = parts;
  const now = clock.now();
  switch (what) {
    case 'policy':
      return { what, content: liveOf(policy) };
    case 'rules':
      return { what, content: policy.document.rules };
    case 'groups':
      return { what, content: groupsOf(policy) };
    case 'violations':
      return { what, content: await violationsOf(history, now - window_ms, now) };
    case 'graph':
      return { what, content: graphs.live('vm') };
    case 'flows':
      return { what, content: flowsOf(history, now - window_ms, now) };
  }
}

const violationsOf = async (history: History, since: number, until: number): Promise<Violation[]> =>
  (await history.violations(since, until, VIOLATIONS_EACH)).violations;

/** In pages: a week of flows is more than memory should hold. */
async function* flowsOf(history: History, since: number, until: number): AsyncGenerator<Flow> {
  let position: { first: number; id: string } | null = null;
  for (;;) {
    const page: Awaited<ReturnType<History['flows']>> = await history.flows({ since, until }, position, PAGE);
    yield* page.flows;
    if (page.next === null) return;
    position = page.next;
  }
}

const liveOf = ({ versions, live }: Policy): PolicyContent => {
  const { version, text, policy } = versions.live;
  const nics = live.workloads.flatMap((workload) => workload.nics);
  const addresses = new Map(nics.map(({ id, addresses }) => [id, addresses.map(({ address }) => address)]));
  return { version, text, document: policy.document, tables: live.tables, addresses };
};

function groupsOf(policy: Policy): GroupContent[] {
  return policy.groups().map(({ name, mode, members, addresses = [], fqdn = [] }) => ({
    ...{ name, mode, addresses, fqdn },
    members: members?.map((member) => member.name) ?? null,
  }));
}
