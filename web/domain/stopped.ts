// Whether a flow did not get through: dropped or reset, where others are only called denied.
import type { Flow } from '../../hostd/api/schema.ts';

export const isStopped = ({ enforced }: Pick<Flow, 'enforced'>): boolean =>
  enforced !== undefined && enforced !== 'passed';
