// Two snapshots → the changes between them, and changes applied to a snapshot. Pure.
import { isDeepStrictEqual } from 'node:util';
import type { Change, Network, Nic, Snapshot, Workload, WorkloadFacts } from './types.ts';

export const EMPTY: Snapshot = { workloads: new Map(), networks: new Map() };

/**
 * What leads from `before` to `after`. Everything that ends comes before everything that begins, so that a tap's
 * name is free again before another NIC takes it.
 */
export function reconcile(before: Snapshot, after: Snapshot): Change[] {
  const workloads = pairs(before.workloads, after.workloads);
  const networks = pairs(before.networks, after.networks);
  return [
    ...workloads.flatMap(([old, now]) => workloadEnds(old, now)),
    ...networks.flatMap(([old, now]): Change[] =>
      old && !now ? [{ kind: 'network-gone', network: old }] : [],
    ),
    ...networks.flatMap(([old, now]) => (now ? networkBegins(old, now) : [])),
    ...workloads.flatMap(([old, now]) => (now ? workloadBegins(old, now) : [])),
  ];
}

function pairs<T>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
): [T | undefined, T | undefined][] {
  const keys = new Set([...before.keys(), ...after.keys()]);
  return [...keys].map((key) => [before.get(key), after.get(key)]);
}

function workloadEnds(old: Workload | undefined, now: Workload | undefined): Change[] {
  if (!old || old === now) return [];
  const kept = new Set(now?.nics.map((nic) => nic.id));
  const changes = old.nics
    .filter((nic) => !kept.has(nic.id))
    .map((nic): Change => ({ kind: 'nic-removed', workload: old.uuid, nic }));
  return now ? changes : [...changes, { kind: 'workload-gone', workload: factsOf(old) }];
}

function workloadBegins(old: Workload | undefined, now: Workload): Change[] {
  if (old === now) return [];
  const before = new Map(old?.nics.map((nic) => [nic.id, nic]));
  return [
    ...factsBegin(old && factsOf(old), factsOf(now)),
    ...now.nics.flatMap((nic) => nicBegins(now.uuid, before.get(nic.id), nic)),
  ];
}

function factsBegin(before: WorkloadFacts | undefined, workload: WorkloadFacts): Change[] {
  if (!before) return [{ kind: 'workload-appeared', workload }];
  const fields = differing(before, workload);
  return fields.length === 0 ? [] : [{ kind: 'workload-changed', workload, before, fields }];
}

function nicBegins(workload: string, before: Nic | undefined, nic: Nic): Change[] {
  if (!before) return [{ kind: 'nic-added', workload, nic }];
  const fields = differing(before, nic);
  return fields.length === 0 ? [] : [{ kind: 'nic-changed', workload, nic, before, fields }];
}

function networkBegins(before: Network | undefined, network: Network): Change[] {
  if (!before) return [{ kind: 'network-appeared', network }];
  const fields = differing(before, network);
  return fields.length === 0 ? [] : [{ kind: 'network-changed', network, before, fields }];
}

function differing<T extends object>(before: T, after: T): (keyof T)[] {
  const fields = Object.keys(after) as (keyof T)[];
  return fields.filter((field) => !isDeepStrictEqual(before[field], after[field]));
}

export function factsOf(workload: Workload): WorkloadFacts {
  const { nics: _, ...facts } = workload;
  return facts;
}

/** The snapshot after the changes; `snapshot` itself stays as it is. */
export function applyChanges(snapshot: Snapshot, changes: readonly Change[]): Snapshot {
  const workloads = new Map(snapshot.workloads);
  const networks = new Map(snapshot.networks);
  for (const change of changes) {
    if ('network' in change) applyToNetworks(networks, change);
    else applyToWorkloads(workloads, change);
  }
  return { workloads, networks };
}

type NetworkChange = Extract<Change, { network: Network }>;
type WorkloadChange = Exclude<Change, NetworkChange>;

function applyToNetworks(networks: Map<string, Network>, change: NetworkChange): void {
  if (change.kind === 'network-gone') networks.delete(change.network.uuid);
  else networks.set(change.network.uuid, change.network);
}

function applyToWorkloads(workloads: Map<string, Workload>, change: WorkloadChange): void {
  if (change.kind === 'workload-gone') {
    workloads.delete(change.workload.uuid);
    return;
  }
  if (!('nic' in change)) {
    const nics = workloads.get(change.workload.uuid)?.nics ?? [];
    workloads.set(change.workload.uuid, { ...change.workload, nics });
    return;
  }
  const workload = workloads.get(change.workload);
  if (workload) workloads.set(workload.uuid, { ...workload, nics: nicsAfter(workload.nics, change) });
}

function nicsAfter(nics: Nic[], change: Extract<WorkloadChange, { nic: Nic }>): Nic[] {
  if (change.kind === 'nic-added') return [...nics, change.nic];
  if (change.kind === 'nic-removed') return nics.filter((nic) => nic.id !== change.nic.id);
  return nics.map((nic) => (nic.id === change.nic.id ? change.nic : nic));
}
