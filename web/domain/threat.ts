// Writes incidents for people.
import type {
  Severity,
  Status,
  Threat,
  ThreatGroup,
  ThreatMark,
  WorkloadRef,
} from '../../hostd/api/schema.ts';
import { severities } from './place.ts';
import { plural } from './quantity.ts';

export const rankOf = (severity: Severity): number => severities.indexOf(severity);

export const worseOf = (a: Severity | null, b: Severity | null): Severity | null =>
  a === null || (b !== null && rankOf(b) > rankOf(a)) ? b : a;

/** The name of an end, its address where nobody is known by it. */
export const sideName = (end: WorkloadRef | undefined, address: string | null): string =>
  end && end.kind !== 'external' ? end.name : (address ?? end?.name ?? 'not known');

export const sourceName = ({ from, src }: Threat): string => sideName(from, src);

export const targetName = ({ newest, targets }: ThreatGroup): string =>
  targets > 1 ? plural(targets, 'address', 'addresses') : sideName(newest.to, newest.dst);

/** What makes incidents one line. */
export const groupKey = ({ name, source }: Pick<Threat, 'name' | 'source'>): string => `${name}\n${source}`;

export const openCount = ({ threats }: Status): number =>
  Object.values(threats).reduce((sum, count) => sum + count, 0);

export const worstOpen = ({ threats }: Status): Severity | null =>
  severities.findLast((severity) => threats[severity] > 0) ?? null;

export const markText = ({ open, worst }: ThreatMark): string => `${plural(open, 'open threat')}, ${worst}`;
