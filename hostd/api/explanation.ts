// A question about a flow → the policy's answer with everything that led to it.
import { isIP } from 'node:net';
import type { z } from 'zod';
import type { PolicyEvidence, PolicyEvidenceEnd } from '../../dp/client/index.ts';
import { protocolKeyword } from '../../dp/client/index.ts';
import type { PolicyTables } from '../../dp/contract/policy.ts';
import { VmoatError } from '../base/errors.ts';
import type { EvidenceEnd } from '../base/evidence.ts';
import type { Asked } from '../policy/advice/advisor.ts';
import { becauseOf } from '../policy/groups/because.ts';
import type { ExplainQuery, Explanation } from './advice-schema.ts';
import type { Flow, WorkloadRef } from './schema.ts';
import type { ApiSources } from './sources.ts';

type Query = z.infer<typeof ExplainQuery>;

interface Resolved extends Asked {
  why: [from: string | null, to: string | null];
  recorded: Explanation['recorded'];
}

/** Throws `bad_request` where neither a flow nor two ends and a port are given. */
export async function explanationOf(sources: ApiSources, query: Query): Promise<Explanation> {
  const asked = query.flow === undefined ? askedOf(sources, query) : await recordedFlow(sources, query.flow);
  const { tables } = sources.policy;
  const evidence = sources.advisor.explain(asked);
  const { decision } = evidence;
  const [from, to] = decision.reversed ? [asked.to, asked.from] : [asked.from, asked.to];
  const [whyFrom, whyTo] = decision.reversed ? [asked.why[1], asked.why[0]] : asked.why;
  const places = ruleLines(sources);
  const idOf = (number: number | null): string | null =>
    tables.rules.find((rule) => rule.number === number)?.id ?? null;
  return {
    from: endOf(sources, tables, from, evidence.from, whyFrom),
    to: endOf(sources, tables, to, evidence.to, whyTo),
    proto: asked.proto,
    port: asked.port,
    app: asked.app,
    reversed: decision.reversed,
    rules: evidence.rules.map(({ number, match }) => {
      const id = idOf(number) ?? String(number);
      return { id, line: places.get(id) ?? null, match };
    }),
    rulesLeftOut: evidence.rulesLeftOut,
    ...decidedOf(evidence, idOf),
    enforcer: 'none: traffic is observed, nothing is dropped',
    recorded: asked.recorded,
  };
}

function decidedOf({ decision }: PolicyEvidence, idOf: (number: number | null) => string | null) {
  const { verdict, final, violation, decidedBy, rule } = decision;
  return {
    verdict,
    final,
    violation,
    decidedBy: decidedBy === 'rule' || decidedBy === 'mode' ? decidedBy : null,
    rule: idOf(rule),
  };
}

/** Line of each rule of the document that is live, by id. */
function ruleLines({ policy }: ApiSources): Map<string, number> {
  const { document, places } = policy.versions.live.policy;
  return new Map(document.rules.map(({ id }, index) => [id, places.of(['rules', index, 'id']).line]));
}

function askedOf(sources: ApiSources, { from, to, port, app }: Query): Resolved {
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
  if (end.id === 'host') return { kind: 'host', id: 'host', name: 'host', address: null };
  return { kind: 'external', id: 'external', name: end.id, address: SOMEWHERE };
}

const hasAddress =
  (wanted: string) =>
  ({ nics }: { nics: { addresses: { address: string }[] }[] }): boolean =>
    nics.some(({ addresses }) => addresses.some(({ address }) => address === wanted.toLowerCase()));

/** A checked `port` of the query. */
function serviceOf(port: string): Pick<Asked, 'proto' | 'port'> {
  const [name = '', first = '0', code = '0'] = port.split('/');
  const number = Number(first);
  if (name === 'icmp') return { proto: 'icmp', port: number * 256 + Number(code) };
  if (name === 'icmpv6') return { proto: 'ipv6-icmp', port: number * 256 + Number(code) };
  if (name === 'proto') return { proto: protocolKeyword(number), port: 0 };
  if (number > 65_535) throw new VmoatError('bad_request', 'a port is at most 65535', { field: 'port' });
  return { proto: name, port: number };
}

async function recordedFlow(sources: ApiSources, id: string): Promise<Resolved> {
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
    recorded: { verdict: flow.verdict ?? null, rule: flow.rule ?? null, violation: flow.violation ?? false },
  };
}

const endSeen = (ref: WorkloadRef | undefined, address: Flow['src']): EvidenceEnd => ({
  kind: ref?.kind ?? 'external',
  id: ref?.id ?? 'external',
  name: ref?.name ?? address,
  address: ref?.kind === 'vm' ? null : address,
});

function endOf(
  { policy, workloads }: ApiSources,
  tables: PolicyTables,
  end: EvidenceEnd,
  { groups, mode, modeGroup }: PolicyEvidenceEnd,
  why: string | null,
): Explanation['from'] {
  const vm = end.kind === 'vm' ? workloads().find(({ id }) => id === end.id) : undefined;
  const facts = vm ? policy.facts(vm) : null;
  const names = groups.flatMap((index) => tables.groups[index]?.name ?? []);
  const modeFrom = vm ? vm.modeFrom : modeGroup === null ? null : (tables.groups[modeGroup]?.name ?? null);
  return {
    end,
    why,
    nics: (vm?.nics ?? []).map(({ tap, segment, hook }) => ({ tap, segment, hook })),
    groups: names.map((name) => ({ name, because: becauseOf(name, end, policy.document, facts) })),
    mode,
    modeFrom,
  };
}
