// Incidents of the same threat by the same source as one line, so that a noisy attacker does not hide the others.
import type { Threat, ThreatGroup } from '../api/schema.ts';
import { rankOf } from './severity.ts';

/** The worst first, then the newest. */
export function groupsOf(threats: Iterable<Threat>): ThreatGroup[] {
  const gathered = new Map<string, Threat[]>();
  for (const threat of threats) {
    const key = groupKey(threat);
    const members = gathered.get(key);
    if (members) members.push(threat);
    else gathered.set(key, [threat]);
  }
  return [...gathered.values()].flatMap(groupOf).sort(worstFirst);
}

export const groupKey = ({ name, source }: Pick<Threat, 'name' | 'source'>): string => `${name}\n${source}`;

export const worstFirst = (a: ThreatGroup, b: ThreatGroup): number =>
  rankOf(b.severity) - rankOf(a.severity) || (a.last < b.last ? 1 : -1);

function groupOf(members: readonly Threat[]): ThreatGroup[] {
  const newest = members.reduce((a, b) => (b.last > a.last ? b : a), members[0] as Threat);
  const { name, severity, source, last } = newest;
  return [
    {
      name,
      severity,
      source,
      incidents: members.length,
      open: members.filter((threat) => threat.acknowledged === null).length,
      targets: new Set(members.map((threat) => threat.dst)).size,
      count: members.reduce((sum, { count }) => sum + count, 0),
      first: earliest(members.map((threat) => threat.first)),
      last,
      newest,
    },
  ];
}

/** Times of one format sort as text. */
const earliest = (times: string[]): string => times.sort()[0] ?? '';
