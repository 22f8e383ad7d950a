// Writes byte counts, rates and counts the way people read them: three significant figures, decimal units.

const units = ['', 'k', 'M', 'G', 'T', 'P'];

function scaled(value: number): { figure: string; unit: string } {
  let rest = value;
  let step = 0;
  while (rest >= 999.5 && step < units.length - 1) {
    rest /= 1000;
    step++;
  }
  const digits = step === 0 || rest >= 99.95 ? 0 : rest >= 9.995 ? 1 : 2;
  return { figure: rest.toFixed(digits), unit: units[step] ?? '' };
}

/** Bytes as `1.25 MB`. */
export function bytesText(bytes: number): string {
  const { figure, unit } = scaled(bytes);
  return `${figure} ${unit}B`;
}

/** A rate in bytes a second, as network people read it: bits, `10.0 Mbit/s`. */
export function rateText(bytesPerSecond: number): string {
  const { figure, unit } = scaled(bytesPerSecond * 8);
  return `${figure} ${unit}bit/s`;
}

/** A count as `12.3k`. */
export function countText(count: number): string {
  const { figure, unit } = scaled(count);
  return `${figure}${unit}`;
}

/** `1 session`, `2 sessions`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}
