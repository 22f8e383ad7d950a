// What a policy says to traffic that was seen: the evaluator that decides about packets, asked about the past.
import {
  type CompiledPolicy,
  type PolicyDecision,
  PolicyQuestions,
  protocolNumber,
} from '../../../dp/client/index.ts';
import type { Evidence, EvidenceEnd } from '../../base/evidence.ts';

/** A policy with who belongs to what in it. */
export interface Judge {
  policy: CompiledPolicy;
  /** Identity of an end as of now, whenever it was seen. */
  identityOf: (end: EvidenceEnd) => number;
}

/** A decision for each, in order. Millions of flows are few of these: they are asked about by service. */
export function replay(evidence: readonly Evidence[], { policy, identityOf }: Judge): PolicyDecision[] {
  const questions = new PolicyQuestions(evidence.length);
  const identities = new Map<string, number>();
  const known = (end: EvidenceEnd): number => {
    const key = `${end.kind}\n${end.id}\n${end.address}`;
    const identity = identities.get(key) ?? identityOf(end);
    identities.set(key, identity);
    return identity;
  };
  evidence.forEach((seen, index) => {
    questions.set(index, {
      from: known(seen.from),
      to: known(seen.to),
      proto: protocolNumber(seen.proto),
      port: seen.port,
      layers: seen.app === null ? [] : policy.layers(seen.app),
      confidence: seen.app === null ? null : seen.confidence,
      applicationFinal: true,
      applicationByPort: seen.app === null && seen.confidence === 'guess',
      directionInferred: seen.direction === 'inferred',
    });
  });
  const decisions = policy.evaluateAll(questions);
  return evidence.map((_, index) => decisions.at(index));
}
