// Which incidents are asked for.
import type { Severity, Threat, WorkloadRef } from '../api/schema.ts';
import { rankOf } from './severity.ts';

export interface ThreatFilter {
  /** ms since the epoch; an incident passes if it was seen at or after `since` … */
  since?: number;
  /** … and began at or before `until`. */
  until?: number;
  /** Either end: who it is, or the address it has. */
  either?: { id: string } | { address: string };
  /** Either end belongs to this group. */
  group?: string;
  name?: string;
  /** This severe or worse. */
  severity?: Severity;
  acknowledged?: boolean;
  source?: string;
  flow?: string;
  /** Free text: names, addresses, threat, evidence, note; lower case. */
  text?: string;
}

/** The group names of ends are not part of an incident, so whoever knows them passes them in. */
export type GroupOfEnd = (end: WorkloadRef) => string;

export function passes(threat: Threat, filter: ThreatFilter, groupOf: GroupOfEnd): boolean {
  const { since, until, either, group, name, severity, acknowledged, source, flow, text } = filter;
  return (
    (since === undefined || Date.parse(threat.last) >= since) &&
    (until === undefined || Date.parse(threat.first) <= until) &&
    (either === undefined || isEitherEnd(threat, either)) &&
    (group === undefined || endsOf(threat).some((end) => groupOf(end) === group)) &&
    (name === undefined || threat.name === name) &&
    (severity === undefined || rankOf(threat.severity) >= rankOf(severity)) &&
    (acknowledged === undefined || (threat.acknowledged !== null) === acknowledged) &&
    (source === undefined || threat.source === source) &&
    (flow === undefined || threat.flow === flow) &&
    (text === undefined || wordsOf(threat).includes(text))
  );
}

const endsOf = ({ from, to }: Threat): WorkloadRef[] => [from, to].filter((end) => end !== undefined);

const isEitherEnd = (threat: Threat, end: { id: string } | { address: string }): boolean =>
  'id' in end
    ? endsOf(threat).some(({ id }) => id === end.id)
    : threat.src === end.address || threat.dst === end.address;

function wordsOf(threat: Threat): string {
  const { name, src, dst, segment, nic, evidence, acknowledged } = threat;
  const ends = endsOf(threat).map((end) => end.name);
  return [...ends, name, src, dst, segment, nic, evidence, acknowledged?.note, acknowledged?.by]
    .join('\n')
    .toLowerCase();
}
