// Numbers and times as the CLI writes them.

const UNITS = ['', 'k', 'M', 'G', 'T', 'P'];

/** 999, 1.2k, 34M; steps of 1000. */
export function short(value: number): string {
  let unit = 0;
  let left = value;
  while (left >= 999.5 && unit < UNITS.length - 1) {
    left /= 1000;
    unit++;
  }
  return `${unit > 0 && left < 9.95 ? left.toFixed(1) : Math.round(left)}${UNITS[unit]}`;
}

export const bytes = (value: number): string => `${short(value)}B`;

const STEPS: [number, string][] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1000, 's'],
];

/** The largest unit that fits, and the one below it: 3d 4h, 5m 2s, 12s. */
export function duration(ms: number): string {
  const at = STEPS.findIndex(([step]) => ms >= step);
  if (at < 0) return `${Math.max(0, Math.round(ms))}ms`;
  const [step, unit] = STEPS[at] ?? [1000, 's'];
  const [finer, finerUnit] = STEPS[at + 1] ?? [1, ''];
  const rest = Math.floor((ms % step) / finer);
  return `${Math.floor(ms / step)}${unit}${finerUnit && rest ? ` ${rest}${finerUnit}` : ''}`;
}

/** Local time of day with ms; the date too where it is not today. */
export function clockTime(rfc3339: string, now_ms: number): string {
  const date = new Date(rfc3339);
  const two = (value: number): string => String(value).padStart(2, '0');
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return new Date(now_ms).toDateString() === date.toDateString() ? time : `${day} ${time}`;
}
