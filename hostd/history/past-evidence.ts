// Rows of a past window → what was seen between two ends on one service. Pure.
import { type Evidence, type EvidenceEnd, evidenceKey, joinedEvidence } from '../base/evidence.ts';
import type { AggregateRow } from './day-file.ts';

/** One entry for each service of each pair of ends, though every day has its own rows. */
export function pastEvidence(rows: readonly AggregateRow[]): Evidence[] {
  const found = new Map<string, Evidence>();
  for (const row of rows) {
    const seen = evidenceOf(row);
    const key = evidenceKey(seen);
    const before = found.get(key);
    found.set(key, before ? joinedEvidence(before, seen) : seen);
  }
  return [...found.values()];
}

function evidenceOf(row: AggregateRow): Evidence {
  const confidence = text(row, 'confidence');
  return {
    from: endOf(row, 'from', 'src'),
    to: endOf(row, 'to', 'dst'),
    app: text(row, 'app'),
    confidence: confidence === 'sure' || confidence === 'guess' ? confidence : null,
    proto: text(row, 'proto') ?? '',
    port: Number(row.dport),
    direction: row.inferred === 1 ? 'inferred' : 'seen',
    flagged: row.flagged === 1,
    flows: Number(row.flows),
    first: Number(row.first),
    last: Number(row.last),
    example: text(row, 'example') ?? '',
  };
}

function endOf(row: AggregateRow, side: 'from' | 'to', address: 'src' | 'dst'): EvidenceEnd {
  const kind = text(row, `${side}_kind`) as EvidenceEnd['kind'];
  return {
    kind,
    id: text(row, `${side}_id`) ?? '',
    name: text(row, `${side}_name`) ?? '',
    address: kind === 'vm' ? null : text(row, address),
  };
}

const text = (row: AggregateRow, column: string): string | null =>
  row[column] === null || row[column] === undefined ? null : String(row[column]);
