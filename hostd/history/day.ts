// Days of the history: one file each, in UTC.

export const DAY_MS = 86_400_000;
const FILE = /^flows-(\d{4}-\d{2}-\d{2})\.sqlite$/;

/** `2026-11-20` of a time in ms. */
export const dayOf = (time_ms: number): string => new Date(time_ms).toISOString().slice(0, 10);
export const startOf = (day: string): number => Date.parse(`${day}T00:00:00Z`);
export const fileOf = (day: string): string => `flows-${day}.sqlite`;

/** The day of a file's name, or null where it is no file of the history. */
export const dayOfFile = (name: string): string | null => FILE.exec(name)?.[1] ?? null;

/** The earliest day that is kept: today and `retention_days` before it. */
export const firstKept = (now_ms: number, retention_days: number): string =>
  dayOf(now_ms - retention_days * DAY_MS);
