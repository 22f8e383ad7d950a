// Who and what is to be explained: a recorded flow, or ends and a service by their names.
import { isIP } from 'node:net';
import type { z } from 'zod';
import { VmoatError } from '../base/errors.ts';
import type { EvidenceEnd } from '../base/evidence.ts';
import type { Asked } from '../policy/advice/explanation.ts';
import { serviceOf } from '../policy/advice/service-text.ts';
import type { ExplainQuery } from '../policy/advice/shapes.ts';
import type { Flow, WorkloadRef } from './schema.ts';
import type { ApiSources } from './sources.ts';

type Query = z.infer<typeof ExplainQuery>;

/** Throws `bad_request` where neither a flow nor two ends and a port are given. */
export async function askedOf(sources: ApiSources, query: Query): Promise<Asked> {
  return query.flow === undefined ? namedIn(sources, query) : recordedFlow(sources, query.flow);
}

function namedIn(sources: ApiSources, { from, to, port, app }: Query): Asked {
  if (from === undefined || to === undefined || port === undefined)
    throw new VmoatError('bad_request', 'give the id of a flow, or `from`, `to` and `port`', {
      field: 'flow',
    });
  return {
    from: endNamed(sources, from, 'from'),
    to: endNamed(sources, to, 'to'),
    ...serviceOf(port),
    app: app ?? null,
    confidence: app === undefined ? null : 'sure',
    isFinal: app !== undefined,
    why: [null, null],
    recorded: null,
  };
}

/** Ends that need no address. */
const BUILT_IN = ['host', 'multicast', 'broadcast'] as const;
const VM_SHORT = /^vm[.:]/;
/** An address in none of the host's segments stands for every end that is neither VM nor host. */
const SOMEWHERE = '0.0.0.0';

function endNamed(sources: ApiSources, wanted: string, field: string): EvidenceEnd {
  const known = isIP(wanted) ? sources.workloads().find(hasAddress(wanted)) : undefined;
  if (known) return { kind: 'vm', id: known.id, name: known.name, address: null };
  const end = sources.endNamed(wanted.replace(VM_SHORT, ''), field);
  if ('address' in end) return { kind: 'external', id: 'external', name: end.address, address: end.address };
  const vm = sources.workloads().find(({ id }) => id === end.id);
  if (vm) return { kind: 'vm', id: vm.id, name: vm.name, address: null };
  const own = BUILT_IN.find((kind) => kind === end.id);
  if (own) return { kind: own, id: own, name: own, address: null };
  return { kind: 'external', id: 'external', name: end.id, address: SOMEWHERE };
}

const hasAddress =
  (wanted: string) =>
  ({ nics }: { nics: { addresses: { address: string }[] }[] }): boolean =>
    nics.some(({ addresses }) => addresses.some(({ address }) => address === wanted.toLowerCase()));

async function recordedFlow(sources: ApiSources, id: string): Promise<Asked> {
  const flow = await sources.flow(id);
  if (!flow) throw new VmoatError('not_found', 'there is no such flow', { field: 'flow' });
  const { proto, dport: port, app = null, confidence = null, end, from, to } = flow;
  return {
    from: endSeen(from, flow.src),
    to: endSeen(to, flow.dst),
    proto,
    port,
    app,
    confidence,
    isFinal: app !== null || end !== null,
    why: [from?.why ?? null, to?.why ?? null],
    recorded: recordedOf(flow),
  };
}

const recordedOf = ({ verdict, rule, violation, decidedBy, enforced }: Flow): Asked['recorded'] => ({
  verdict: verdict ?? null,
  rule: rule ?? null,
  violation: violation ?? false,
  decidedBy: decidedBy ?? null,
  enforced: enforced ?? null,
});

const endSeen = (ref: WorkloadRef | undefined, address: Flow['src']): EvidenceEnd => ({
  kind: ref?.kind ?? 'external',
  id: ref?.id ?? 'external',
  name: ref?.name ?? address,
  address: ref?.kind === 'vm' ? null : address,
});
