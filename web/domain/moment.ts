// Writes times and spans for people, and turns window names into spans.

export const windows = {
  '5m': 300,
  '15m': 900,
  '1h': 3600,
  '6h': 21_600,
  '24h': 86_400,
  '7d': 604_800,
} as const;
export type WindowName = keyof typeof windows;

export const windowTitles: Readonly<Record<WindowName, string>> = {
  '5m': 'Last 5 minutes',
  '15m': 'Last 15 minutes',
  '1h': 'Last hour',
  '6h': 'Last 6 hours',
  '24h': 'Last 24 hours',
  '7d': 'Last 7 days',
};

export function isWindowName(text: string): text is WindowName {
  return Object.hasOwn(windows, text);
}

const two = (value: number): string => String(value).padStart(2, '0');

/** `14:03:07`, local time. */
export function clockText(time: string | number | Date): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return '–';
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** `2026-11-20 14:03:07`, local time. */
export function dateText(time: string | number | Date): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return '–';
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clockText(date)}`;
}

/** A span in milliseconds as its largest unit: `420 ms`, `12 s`, `3 min`, `2 h`, `5 d`. */
export function spanText(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  const seconds = ms / 1000;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 129_600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** How long ago, `just now` for the last two seconds. */
export function agoText(time: string, now: number): string {
  const ms = now - Date.parse(time);
  if (Number.isNaN(ms)) return '–';
  return ms < 2000 ? 'just now' : `${spanText(ms)} ago`;
}
