// A severity beside its colour.
import type { Severity } from '../../hostd/api/schema.ts';

export function SeverityChip({ severity }: { severity: Severity }) {
  return <span class={`severity ${severity}`}>{severity}</span>;
}
