// Severities in their order.
import type { Severity } from '../api/schema.ts';

/** Least first. */
export const SEVERITIES: readonly Severity[] = ['low', 'medium', 'high', 'critical'];

export const rankOf = (severity: Severity): number => SEVERITIES.indexOf(severity);
