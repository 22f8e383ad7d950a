// Whether somebody has seen to something, for the audit log.
import type { Acknowledgement } from './schema.ts';

export const seenText = (acknowledged: Acknowledgement | null): string =>
  acknowledged ? `acknowledged by ${acknowledged.by} at ${acknowledged.at}` : 'open';
