// Who is meant: UUID, the beginning of one, name, node id or address → a workload or an end of flows. Pure.
import { isIP } from 'node:net';
import { VmoatError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import type { EndFilter } from '../history/flow-filter.ts';
import type { GraphNode, Workload } from './schema.ts';

type Named = Pick<Workload, 'id' | 'name'>;
/** Shorter beginnings of a UUID are names. */
const PREFIX_MIN = 4;

/** Throws `workload_unknown` with the nearest names, or `name_ambiguous` with the candidates. */
export function findWorkload<T extends Named>(workloads: readonly T[], wanted: string, field: string): T {
  const found = candidates(workloads, wanted);
  if (found.length === 1 && found[0]) return found[0];
  if (found.length > 1) throw ambiguous(found, wanted, field);
  throw unknown(workloads, wanted, field);
}

/** The first way of naming that finds any: exact, then without regard to case, then the beginning of a UUID. */
function candidates<T extends Named>(workloads: readonly T[], wanted: string): T[] {
  const lower = wanted.toLowerCase();
  const ways: ((workload: T) => boolean)[] = [
    (workload) => workload.id === lower,
    (workload) => workload.name === wanted,
    (workload) => workload.name.toLowerCase() === lower,
    (workload) => lower.length >= PREFIX_MIN && workload.id.startsWith(lower),
  ];
  for (const way of ways) {
    const found = workloads.filter(way);
    if (found.length) return found;
  }
  return [];
}

function ambiguous(found: readonly Named[], wanted: string, field: string): VmoatError {
  const hint = found
    .slice(0, 5)
    .map((workload) => `${workload.name} ${workload.id}`)
    .join(', ');
  return new VmoatError(
    'name_ambiguous',
    `${found.length} workloads are meant by ${JSON.stringify(wanted)}`,
    {
      field,
      hint,
    },
  );
}

function unknown(workloads: readonly Named[], wanted: string, field: string): VmoatError {
  const near = nearest(
    wanted,
    workloads.map((workload) => workload.name),
  );
  const hint = near.length ? `did you mean ${near.join(', ')}?` : '`vmoat vm list` lists them';
  return new VmoatError('workload_unknown', `there is no workload ${JSON.stringify(wanted)}`, {
    field,
    hint,
  });
}

/** Ends that exist on every host, also before they were seen; a VM of that name is named by its UUID. */
const ALWAYS_KNOWN = ['host', 'external', 'multicast', 'broadcast'];

/** Ends that are no VM (`host`, `external`, `network:NAME`, …) are known by their node. */
export function findEnd(
  workloads: readonly Named[],
  nodes: readonly Pick<GraphNode, 'id' | 'kind' | 'name'>[],
  wanted: string,
  field: string,
): EndFilter {
  if (isIP(wanted)) return { address: wanted.toLowerCase() };
  if (ALWAYS_KNOWN.includes(wanted)) return { id: wanted };
  const exact = candidates(workloads, wanted);
  if (exact.length === 1 && exact[0]) return { id: exact[0].id };
  const node = nodes.find((each) => each.kind !== 'vm' && (each.id === wanted || each.name === wanted));
  if (node && exact.length === 0) return { id: node.id.replace(/^[a-z]+:/, '') };
  return { id: findWorkload(workloads, wanted, field).id };
}
