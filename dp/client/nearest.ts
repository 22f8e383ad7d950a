// The known name that is nearest to a mistyped one.

/** By Levenshtein's distance; `names` must not be empty. */
export function nearest(given: string, names: readonly string[]): string {
  const ranked = names.map((name) => ({ name, distance: distance(given, name) }));
  return ranked.reduce((best, next) => (next.distance < best.distance ? next : best)).name;
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, char] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const swap = (row[j] ?? 0) + (char === b[j] ? 0 : 1);
      next.push(Math.min(swap, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
