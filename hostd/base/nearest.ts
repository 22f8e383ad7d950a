// The names nearest to one that does not exist, for "did you mean".

const INPUT_MAX = 64;

/** Candidates within a third of the length of `wanted` (at least one edit), nearest first, at most `limit`. */
export function nearest(wanted: string, candidates: Iterable<string>, limit = 3): string[] {
  const word = wanted.slice(0, INPUT_MAX).toLowerCase();
  const allowed = Math.max(1, Math.floor(word.length / 3));
  return [...new Set(candidates)]
    .map((candidate) => ({ candidate, distance: nearness(word, candidate.toLowerCase()) }))
    .filter((scored) => scored.distance <= allowed)
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, limit)
    .map((scored) => scored.candidate);
}

/** A shared beginning or a part counts as one edit: people shorten names more than they mistype them. */
function nearness(word: string, candidate: string): number {
  if (word.length >= 3 && candidate.includes(word)) return 1;
  return editDistance(word, candidate.slice(0, INPUT_MAX));
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      const replace = (previous[column - 1] ?? 0) + (same ? 0 : 1);
      const swap = swapped ? (before[column - 2] ?? 0) + 1 : replace;
      current.push(Math.min(replace, swap, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    before = previous;
    previous = current;
  }
  return previous[b.length] ?? a.length;
}
