// A moment as people give it: RFC 3339, or how long ago (`90s`, `15m`, `2h`, `7d`).

const AGO = /^(\d{1,9})(ms|s|m|h|d|w)$/;
const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
const RFC3339 = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?([Zz]|[+-]\d{2}:\d{2})$/;

/** `90s`, `15m`, `2h`, `7d` in milliseconds, or null where it is none. */
export function durationOf(text: string): number | null {
  const found = AGO.exec(text);
  return found && Number(found[1]) * UNIT_MS[found[2] as keyof typeof UNIT_MS];
}

/** Milliseconds since the epoch, or null where it is neither. */
export function momentOf(text: string, now_ms: number): number | null {
  const ago = durationOf(text);
  if (ago !== null) return now_ms - ago;
  const time = RFC3339.test(text) ? Date.parse(text.replace(' ', 'T')) : Number.NaN;
  return Number.isNaN(time) ? null : time;
}

export const MOMENT_PATTERN = new RegExp(`${AGO.source}|${RFC3339.source}`);
