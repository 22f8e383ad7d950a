// A threat record of vmoat-dp → the incident that API, command line and page show. Pure.
import { protocolKeyword, type ThreatRecord } from '../../dp/client/index.ts';
import type { ThreatInfo } from '../../dp/contract/protocol.ts';
import type { Threat, WorkloadRef } from '../api/schema.ts';

/** What a record says of where its ends are; kept with the incident to ask again later. */
export interface ThreatEnds {
  segment: number;
  src: string | null;
  dst: string | null;
  /** NIC it was seen at; 0: none. */
  slot: number;
  /** The NIC's guest is the source; else the NIC's guest is the destination. */
  fromNic: boolean;
}

export interface NamedThreatEnds {
  from?: WorkloadRef | undefined;
  to?: WorkloadRef | undefined;
  segment: string;
  nic: string | null;
}

/** Answers from what is known now; later answers may be better. */
export type NameThreatEnds = (ends: ThreatEnds) => NamedThreatEnds;

export const endsOf = ({ segment, src, dst, slot, fromNic }: ThreatRecord): ThreatEnds => ({
  segment,
  src,
  dst,
  slot,
  fromNic,
});

/** dp's numbers start again with every instance of dp. */
const idOf = (instance: string, id: string): string => `${instance.slice(0, 8)}-${id}`;

/** `kinds`: in the order of the registry that the record counts in. */
export function incidentOf(
  record: ThreatRecord,
  kinds: readonly ThreatInfo[],
  instance: string,
  named: NamedThreatEnds,
): Threat {
  const { src, dst, sport, dport, count, evidence } = record;
  const { name, severity, action } = kinds[record.threat] ?? unknown(record.threat);
  return {
    id: idOf(instance, record.id),
    name,
    severity,
    action,
    first: timeOf(record.firstMs),
    last: timeOf(record.lastMs),
    count,
    proto: src === null ? 'ethernet' : protocolKeyword(record.proto),
    src,
    sport,
    dst,
    dport,
    ...named,
    sender: record.fromNic ? 'guest' : 'network',
    source: sourceOf(src, named),
    flow: record.flow === null ? null : idOf(instance, record.flow),
    evidence,
    acknowledged: null,
  };
}

/** Nanoseconds do not fit into a number of milliseconds: the last digit may be off. */
const timeOf = (ms: number): string => new Date(Math.round(ms)).toISOString();

/** A registry that does not know its own threat: shown all the same, as one that has to be looked at. */
const unknown = (number: number): Pick<ThreatInfo, 'name' | 'severity' | 'action'> => ({
  name: `unknown-${number}`,
  severity: 'medium',
  action: 'alert',
});

/** A VM is one source whatever addresses it uses. */
export function sourceOf(src: string | null, { from, nic }: NamedThreatEnds): string {
  if (from?.kind === 'vm') return from.id;
  return src ?? (nic === null ? 'unknown' : `nic:${nic}`);
}

/** The same incident under other names. */
export function renamed(threat: Threat, named: NamedThreatEnds): Threat {
  const { from: _from, to: _to, ...rest } = threat;
  return { ...rest, ...named, source: sourceOf(threat.src, named) };
}

/** A VM that is known stays the one who it was, also when it is gone and another has its NIC or address. */
export function better(before: NamedThreatEnds, now: NamedThreatEnds): NamedThreatEnds {
  const from = betterRef(before.from, now.from);
  const to = betterRef(before.to, now.to);
  return {
    ...(from && { from }),
    ...(to && { to }),
    segment: /^\d+$/.test(before.segment) ? now.segment : before.segment,
    nic: before.nic ?? now.nic,
  };
}

const betterRef = (before: WorkloadRef | undefined, now: WorkloadRef | undefined): WorkloadRef | undefined =>
  before?.kind === 'vm' && before.id !== now?.id && !isTap(before) ? before : now;

/** A tap that belongs to no VM is one only until libvirt names its VM. */
const isTap = ({ id }: WorkloadRef): boolean => id.startsWith('tap:');

export const sameNames = (a: NamedThreatEnds, b: NamedThreatEnds): boolean =>
  a.segment === b.segment && a.nic === b.nic && sameRef(a.from, b.from) && sameRef(a.to, b.to);

const sameRef = (a: WorkloadRef | undefined, b: WorkloadRef | undefined): boolean =>
  a?.id === b?.id && a?.kind === b?.kind && a?.name === b?.name && a?.why === b?.why;
