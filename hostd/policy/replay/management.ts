// Open flows by which somebody manages this host or its VMs, and which of them a policy would cut. Pure.
import type { Flow, WorkloadRef } from '../../api/schema.ts';
import type { Evidence, EvidenceEnd } from '../../base/evidence.ts';
import type { Candidate } from '../policy.ts';
import { plan } from './plan.ts';
import type { Judge } from './replay.ts';

/** What the caller's own shell runs over, as `$SSH_CONNECTION` has it. */
export interface ShellSession {
  client: string;
  clientPort: number;
  server: string;
  serverPort: number;
}

export interface ManagementPlaces {
  /** Of vmoat's own page; null: it is not served. */
  pagePort: number | null;
  session: ShellSession | null;
}

export interface ManagementFlow {
  flow: Flow;
  /** Whose it is, such as `ssh`. */
  purpose: string;
}

const LIBVIRT_PORTS = [16_509, 16_514];
/** VNC and SPICE displays of QEMU. */
const [DISPLAY_PORT_FIRST, DISPLAY_PORT_LAST] = [5900, 5999];

/** Those that go to this host or to one of its VMs. */
export function managementFlows(flows: Iterable<Flow>, places: ManagementPlaces): ManagementFlow[] {
  const found: ManagementFlow[] = [];
  for (const flow of flows) {
    const purpose = purposeOf(flow, places);
    if (purpose !== null) found.push({ flow, purpose });
  }
  return found;
}

function purposeOf(flow: Flow, { pagePort, session }: ManagementPlaces): string | null {
  const { proto, dport, app, to, end } = flow;
  if (end !== null || proto !== 'tcp' || (to?.kind !== 'host' && to?.kind !== 'vm')) return null;
  if (session !== null && isSession(flow, session)) return 'your own session';
  if (dport === 22 || app === 'ssh') return 'ssh';
  if (LIBVIRT_PORTS.includes(dport)) return 'libvirt';
  if (dport >= DISPLAY_PORT_FIRST && dport <= DISPLAY_PORT_LAST) return 'a display (VNC or SPICE)';
  return to.kind === 'host' && dport === pagePort ? 'the page of vmoat' : null;
}

const isSession = ({ src, sport, dst, dport }: Flow, session: ShellSession): boolean =>
  src === session.client &&
  sport === session.clientPort &&
  dst === session.server &&
  dport === session.serverPort;

/** Of these the ones that pass now, and would not pass by the other policy. */
export function wouldBeCut(
  flows: readonly ManagementFlow[],
  before: Judge,
  after: Judge,
  { tables, workloads }: Candidate,
): ManagementFlow[] {
  const { changes } = plan(
    flows.map(({ flow }) => evidenceOf(flow)),
    before,
    after,
  );
  const denied = new Set(changes.filter(({ change }) => change === 'denied').map(({ seen }) => seen.example));
  const ports = new Map(tables.groups.map(({ name, protect }) => [name, protect?.failSafePorts ?? []]));
  const groups = new Map(workloads.map((workload) => [workload.id, ['any', ...workload.groups]]));
  const isFailSafe = ({ proto, dport, to }: Flow): boolean =>
    (groups.get(to?.id ?? '') ?? []).some((name) => ports.get(name)?.includes(`${proto}/${dport}`));
  return flows.filter(({ flow }) => denied.has(flow.id) && !isFailSafe(flow));
}

const evidenceOf = (flow: Flow): Evidence => ({
  from: endOf(flow.from, flow.src),
  to: endOf(flow.to, flow.dst),
  app: flow.app ?? null,
  confidence: flow.confidence ?? null,
  proto: flow.proto,
  port: flow.dport,
  direction: flow.direction,
  flagged: false,
  flows: 1,
  first: Date.parse(flow.first),
  last: Date.parse(flow.last),
  example: flow.id,
});

const endOf = (ref: WorkloadRef | undefined, address: string): EvidenceEnd => ({
  kind: ref?.kind ?? 'external',
  id: ref?.id ?? 'external',
  name: ref?.name ?? address,
  address: ref?.kind === 'vm' ? null : address,
});
