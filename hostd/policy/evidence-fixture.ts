// Evidence for tests: PostgreSQL from one end to another, with what a test wants different.
import type { Evidence, EvidenceEnd } from '../base/evidence.ts';

export const vm = (name: string): EvidenceEnd => ({ kind: 'vm', id: `uuid of ${name}`, name, address: null });

export function seen(from: EvidenceEnd, to: EvidenceEnd, change: Partial<Evidence> = {}): Evidence {
  return {
    from,
    to,
    app: 'postgresql',
    confidence: 'sure',
    proto: 'tcp',
    port: 5432,
    direction: 'seen',
    flagged: false,
    flows: 1,
    first: 1000,
    last: 2000,
    example: `${from.name}-${to.name}`,
    ...change,
  };
}
