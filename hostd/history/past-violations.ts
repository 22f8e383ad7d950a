// Rows of a past window → violations, and the sources that have more of them than are shown. Pure.
import { createHash } from 'node:crypto';
import type { Violation, ViolationSource } from '../api/schema.ts';
import type { AggregateRow } from './day-file.ts';
import type { Marks } from './mark-file.ts';

export interface ViolationRows {
  rows: AggregateRow[];
  marks: Marks;
}

export interface PastViolations {
  /** The latest first. */
  violations: Violation[];
  /** Sources with more than `each`: a scan, most likely. */
  sources: ViolationSource[];
}

/** Every day has its own rows; of a source at most `each` violations stay. */
export function pastViolations({ rows, marks }: ViolationRows, each: number): PastViolations {
  const found = new Map<string, Violation>();
  const sources = new Map<string, ViolationSource>();
  for (const row of rows) {
    const violation = violationOf(row, marks);
    const before = found.get(violation.id);
    found.set(violation.id, before ? joined(before, violation) : violation);
    countSource(sources, violation, Number(row.places));
  }
  const latest = [...found.values()].sort((a, b) => (a.last < b.last ? 1 : -1));
  const shown = new Map<string, number>();
  const violations = latest.filter((violation) => {
    const count = (shown.get(sourceKey(violation)) ?? 0) + 1;
    shown.set(sourceKey(violation), count);
    return count <= each;
  });
  return { violations, sources: [...sources.values()].filter((source) => source.violations > each) };
}

function violationOf(row: AggregateRow, marks: Marks): Violation {
  const id = idOf(row);
  return {
    id,
    from: endOf(row, 'from', 'src'),
    to: endOf(row, 'to', 'dst'),
    app: text(row, 'app'),
    proto: text(row, 'proto') ?? '',
    port: Number(row.dport),
    verdict: row.verdict === 'deny' ? 'deny' : 'allow',
    decidedBy: row.decided_by === 'rule' ? 'rule' : 'mode',
    rule: text(row, 'rule'),
    flows: Number(row.flows),
    first: timeOf(row, 'first'),
    last: timeOf(row, 'last'),
    example: text(row, 'example') ?? '',
    acknowledged: marks[id] ?? null,
  };
}

const KEY = [
  'from_kind',
  'from_id',
  'to_kind',
  'to_id',
  'app',
  'proto',
  'dport',
  'verdict',
  'decided_by',
  'rule',
] as const;
const ID_CHARS = 16;

/** The same violation has the same id on every day and after every restart. */
const idOf = (row: AggregateRow): string =>
  createHash('sha256')
    .update(JSON.stringify(KEY.map((column) => row[column])))
    .digest('base64url')
    .replace(/[-_]/g, '')
    .slice(0, ID_CHARS);

const endOf = (row: AggregateRow, side: 'from' | 'to', address: 'src' | 'dst'): Violation['from'] => ({
  kind: (text(row, `${side}_kind`) ?? 'external') as Violation['from']['kind'],
  id: text(row, `${side}_id`) ?? '',
  name: text(row, `${side}_name`) ?? '',
  address: text(row, address) ?? '',
});

const text = (row: AggregateRow, column: string): string | null =>
  row[column] === null || row[column] === undefined ? null : String(row[column]);
const timeOf = (row: AggregateRow, column: string): string => new Date(Number(row[column])).toISOString();

const joined = (a: Violation, b: Violation): Violation => ({
  ...(a.last > b.last ? a : b),
  flows: a.flows + b.flows,
  first: [a.first, b.first].sort()[0] ?? a.first,
});

const sourceKey = ({ from }: Violation): string => `${from.kind}\n${from.id}`;

/** A day knows of its own violations only: there are at least as many as the busiest day has. */
function countSource(sources: Map<string, ViolationSource>, violation: Violation, places: number): void {
  const key = sourceKey(violation);
  const before = sources.get(key);
  const violations = Math.max(before?.violations ?? 0, places);
  sources.set(key, { from: violation.from, violations });
}
