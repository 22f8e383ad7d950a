// A seeded model of a host for the page's tests: schema-valid workloads, graph, flows and status that change
// with time. A fixture: the product never sees it.
import type {
  Acknowledgement,
  Flow,
  Graph,
  GraphEdge,
  GraphNode,
  Severity,
  Status,
  Threat,
  ThreatGroup,
  ThreatKind,
  Workload,
  WorkloadRef,
} from '../../hostd/api/schema.ts';
import { groupsOf } from '../../hostd/threats/groups.ts';
import { marked } from '../../hostd/threats/marks.ts';
import { nodeIdOf } from '../../web/domain/ends.ts';
import { appPort, factsOf, links, nicOf, nodeOf, other, Random, roles, time, uuid } from './model-parts.ts';

export type ModelOptions = {
  seed?: number;
  nodes?: number;
  edges?: number;
  empty?: boolean;
  now?: number;
  hostileName?: string;
};

export const threatKinds: ThreatKind[] = (
  [
    ['port-scan', 'medium', 'alert', 'One machine asks many ports of another.'],
    ['log4shell', 'critical', 'deny', 'A request that makes Log4j load code from elsewhere.'],
    ['ssh-v1', 'low', 'alert', 'A version of SSH whose encryption is broken.'],
  ] as const
).map(([name, severity, action, means]) => ({
  name,
  severity,
  action,
  means,
  evidence: 'what was sent',
  live: 'the first packets',
  offline: 'the same',
  thresholds: [],
}));

export class Model {
  readonly random: Random;
  workloads: Workload[] = [];
  nodes: GraphNode[] = [];
  edges: GraphEdge[] = [];
  flows: Flow[] = [];
  threats: Threat[] = [];
  lost: Record<string, number> = { 'ring full': 0, 'table full': 0 };
  panic: Status['dataplane']['panic'] = null;
  #flowCount = 0;
  #threatCount = 0;

  constructor(options: ModelOptions = {}) {
    this.random = new Random(options.seed ?? 7);
    const now = options.now ?? Date.now();
    if (options.empty) return;
    if (options.nodes) this.#large(options.nodes, options.edges ?? options.nodes * 4, now);
    else this.#small(now, options.hostileName);
    for (let i = 0; i < 400; i++) this.addFlow(now - (400 - i) * 2000, 1 + this.random.below(9000));
  }

  #small(now: number, hostileName: string | undefined): void {
    for (const [i, role] of roles.entries()) this.#addVm(i, role.name, role.network);
    const old = this.workloads[7];
    if (old) this.#stop(old);
    const worker = this.workloads[6];
    if (worker && hostileName) worker.title = worker.name = hostileName;
    if (worker) this.#untapped(worker);
    this.nodes = this.workloads.map(nodeOf);
    this.nodes.push(
      other('host', 'host', 'this host', ['192.168.122.1']),
      other('external', 'external', 'external', []),
    );
    this.nodes.push(other('multicast', 'multicast', 'multicast', ['224.0.0.251']));
    for (const [client, server, app] of links) this.#addEdge(this.#id(client), this.#id(server), app, now);
    for (const vm of this.workloads.slice(0, 7)) this.#addEdge(vm.id, 'host', 'dhcp', now);
    this.#addEdge(uuid(0), 'external', 'ntp', now);
    this.#addEdge(uuid(5), 'host', 'icmp', now);
    this.#addEdge(uuid(6), 'multicast', '', now);
  }

  #id(name: string): string {
    const i = roles.findIndex((role) => role.name === name);
    return i < 0 ? name : uuid(i);
  }

  #stop(workload: Workload): void {
    workload.state = 'shutoff';
    for (const nic of workload.nics)
      Object.assign(nic, {
        tap: null,
        hook: 'none',
        reason: 'the machine is shut off',
        segment: null,
        addresses: [],
      });
  }

  #untapped(workload: Workload): void {
    const nic = {
      ...nicOf(workload, 90, 'front'),
      source: 'user' as const,
      network: null,
      tap: null,
      hook: 'none' as const,
      addresses: [],
      segment: null,
    };
    workload.nics.push({
      ...nic,
      reason: 'user-mode network: QEMU itself sends the frames, there is no tap on the host',
    });
  }

  #large(nodes: number, edges: number, now: number): void {
    for (let i = 0; i < nodes; i++) this.#addVm(i, `vm-${String(i).padStart(4, '0')}`, `net-${i % 40}`);
    this.nodes = this.workloads.map(nodeOf);
    const apps = Object.keys(appPort);
    const seen = new Set<string>();
    while (this.edges.length < edges) {
      const client = this.random.below(nodes);
      const near = this.random.next() < 0.85;
      const hub =
        (this.random.below(Math.ceil(nodes / 40 / 6)) * 6 + this.random.below(3)) * 40 +
        (near ? client % 40 : this.random.below(40));
      const app = apps[this.random.below(apps.length)] ?? 'http';
      const key = `${client} ${hub} ${app}`;
      if (hub >= nodes || hub === client || seen.has(key)) continue;
      seen.add(key);
      this.#addEdge(uuid(client), uuid(hub), app, now);
    }
    for (const edge of this.edges) if (this.random.next() < 0.7) edge.rate = [0, 0];
  }

  #addVm(i: number, name: string, network: string): void {
    const workload: Workload = {
      id: uuid(i),
      name,
      title: null,
      state: 'running',
      os: 'http://debian.org/debian/12',
      tags: i % 2 ? ['demo'] : [],
      mode: 'learn',
      modeFrom: null,
      groups: [],
      persistent: true,
      nics: [],
    };
    workload.nics.push(nicOf(workload, i, network));
    this.workloads.push(workload);
  }

  #addEdge(from: string, to: string, app: string, now: number): void {
    const [proto, port] = appPort[app] ?? ['udp', 5353];
    const scale = 10 ** (1.5 + 4 * this.random.next());
    this.edges.push({
      id: `${from}>${to}/${proto}/${port}/${app}`,
      from,
      to,
      app: app || null,
      confidence: app ? 'sure' : null,
      proto,
      port,
      sessions: 1 + this.random.below(400),
      open: this.random.below(8),
      packets: [this.random.below(1e5), this.random.below(1e5)],
      bytes: [Math.round(scale * 900), Math.round(scale * 4000)],
      rate: [Math.round(scale), Math.round(scale * 4)],
      first: time(now - 3_600_000),
      last: time(now),
      violations: 0,
    });
  }

  refOf(id: string): WorkloadRef {
    const node = this.nodes.find((one) => one.id === id);
    const workload = this.workloads.find((one) => one.id === id);
    const tap = workload?.nics[0]?.tap;
    const why = workload
      ? 'the NIC with that MAC owns the address (dhcp)'
      : id === 'external'
        ? 'no network of this host has it'
        : `the ${id} itself`;
    return {
      kind: node?.kind === 'group' ? 'external' : (node?.kind ?? 'external'),
      id,
      name: node?.name ?? id,
      ...(tap ? { nic: tap } : {}),
      why,
    };
  }

  /** Makes one flow of some edge, first seen at `at`. */
  addFlow(at: number, lasted_ms: number): Flow {
    const edge = this.edges[this.random.below(this.edges.length)];
    if (!edge) throw new Error('a model without edges has no flows');
    const bytes = 80 + this.random.below(40_000);
    const open = this.random.next() < 0.15;
    const flow: Flow = {
      type: 'flow',
      id: `f${++this.#flowCount}`,
      parent: null,
      segment: `front-${this.random.below(2)}`,
      proto: edge.proto,
      src: this.#address(edge.from),
      sport: edge.port === 0 ? 0 : 32_768 + this.random.below(28_000),
      dst: this.#address(edge.to),
      dport: edge.port,
      direction: 'seen',
      ...(edge.app ? { app: edge.app, confidence: 'sure' as const } : {}),
      tunnel: [],
      packets: [3 + this.random.below(40), 3 + this.random.below(60)],
      bytes: [bytes, bytes * 3],
      first: time(at),
      last: time(at + lasted_ms),
      end: open ? null : 'fin',
      from: this.refOf(edge.from),
      to: this.refOf(edge.to),
      verdict: 'allow',
      violation: false,
      enforced: 'passed',
      decidedBy: 'mode',
      rule: null,
      via: null,
      facts: factsOf[edge.app ?? ''] ?? {},
      threats: [],
      anomalies: [],
    };
    this.flows.unshift(flow);
    this.flows.length = Math.min(this.flows.length, 5000);
    return flow;
  }

  /** An incident, of the newest flow of this edge where one is named. */
  addThreat(at: number, of: Partial<Threat> & { fromId?: string; toId?: string } = {}): Threat {
    const { fromId = uuid(5), toId = uuid(3), ...change } = of;
    const from = this.refOf(fromId);
    const kind = threatKinds.find(({ name }) => name === change.name) ?? threatKinds[0];
    const threat: Threat = {
      id: `t${++this.#threatCount}`,
      name: kind?.name ?? '',
      severity: kind?.severity ?? 'low',
      action: kind?.action ?? 'alert',
      first: time(at),
      last: time(at),
      count: 1,
      segment: 'front-0',
      proto: 'tcp',
      src: this.#address(fromId),
      sport: 40_000,
      dst: this.#address(toId),
      dport: 22,
      from,
      to: this.refOf(toId),
      nic: from.nic ?? null,
      sender: 'guest',
      source: fromId,
      flow: null,
      evidence: '20 ports in 3 s',
      acknowledged: null,
      ...change,
    };
    this.threats.push(threat);
    return threat;
  }

  acknowledge(id: string, acknowledged: Acknowledgement | null, alike: boolean): Threat[] {
    const one = this.threats.find((threat) => threat.id === id);
    const changed = this.threats.filter(
      (threat) => threat === one || (alike && threat.name === one?.name && threat.source === one.source),
    );
    for (const threat of changed) threat.acknowledged = acknowledged;
    return changed;
  }

  open(): Threat[] {
    return this.threats.filter((threat) => threat.acknowledged === null);
  }

  groups(passes: (threat: Threat) => boolean): ThreatGroup[] {
    return groupsOf(this.threats.filter(passes));
  }

  openThreats(): Record<Severity, number> {
    const counts = { low: 0, medium: 0, high: 0, critical: 0 };
    for (const { severity } of this.open()) counts[severity]++;
    return counts;
  }

  #address(id: string): string {
    return this.nodes.find((node) => node.id === id)?.addresses[0] ?? '198.51.100.7';
  }

  /** A second passes: rates wander, totals grow, new flows appear. */
  step(now: number, newFlows = 4): Flow[] {
    for (const edge of this.edges) {
      if (edge.rate[0] + edge.rate[1] === 0) continue;
      const factor = 0.8 + 0.42 * this.random.next();
      edge.rate = [Math.round(edge.rate[0] * factor) + 1, Math.round(edge.rate[1] * factor) + 1];
      edge.bytes = [edge.bytes[0] + edge.rate[0], edge.bytes[1] + edge.rate[1]];
      edge.last = time(now);
    }
    return this.edges.length === 0
      ? []
      : Array.from({ length: newFlows }, () => this.addFlow(now - 300, 250));
  }

  graph(at: number, since: string | null = null, until: string | null = null): Graph {
    const graph: Graph = { at: time(at), level: 'vm', since, until, nodes: this.nodes, edges: this.edges };
    return marked(graph, this.open(), nodeIdOf);
  }

  status(at: number): Status {
    const nics = this.workloads.flatMap((workload) => workload.nics);
    const tapped = nics.filter((nic) => nic.hook !== 'none').length;
    const use = { pid: 4242, cpuPercent: 1.3, residentBytes: 48_000_000 };
    const since = time(at - 600_000);
    const running = this.workloads.filter((workload) => workload.state === 'running').length;
    return {
      version: '0.1.0',
      at: time(at),
      libvirt: { state: 'connected', since, reason: '', domains: this.workloads.length, reconnects: 0 },
      dataplane: {
        state: 'connected',
        since,
        reason: '',
        version: '0.1.0',
        instance: 'test',
        fallback: null,
        reconnects: 0,
        use,
        workers: [{ worker: 0, events: 12_000, heartbeatAgeMs: 12 }],
        flows: { kernel: 320, kernelMax: 1_048_576, sessions: 310, sessionsMax: 1_048_576, pickedUp: 12 },
        enforces: true,
        panic: this.panic,
        tapToPolicy: { nics: 3, sumMs: 40, maxMs: 21 },
      },
      policy: {
        ...{ version: 3, rules: 12, learned: 0, generation: 7, inForce: 7, compileMs: 2 },
        ...{ refused: null, confirmBy: null },
      },
      hostd: { use, since, historyRows: 90_000, historyBytes: 31_000_000 },
      nics: { tapped, untapped: nics.length - tapped, byHook: { tcx: tapped, none: nics.length - tapped } },
      workloads: { total: this.workloads.length, running },
      threats: this.openThreats(),
      lost: this.lost,
      anomalies: { 'arp-probe': 3 },
    };
  }
}
