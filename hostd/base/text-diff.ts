// The lines in which two texts differ, as `diff -u` writes them. Pure.

interface Line {
  kind: ' ' | '-' | '+';
  text: string;
}

const CONTEXT = 3;
/** Beyond that many edits the middle of the texts is said to be replaced as a whole. */
const EDITS_MAX = 2000;

/** Empty where the texts are the same. */
export function unifiedDiff(before: string, after: string, names: [before: string, after: string]): string {
  if (before === after) return '';
  const lines = compared(linesOf(before), linesOf(after));
  return [`--- ${names[0]}`, `+++ ${names[1]}`, ...hunks(lines), ''].join('\n');
}

const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));

function compared(a: string[], b: string[]): Line[] {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (
    tail < a.length - head &&
    tail < b.length - head &&
    a[a.length - 1 - tail] === b[b.length - 1 - tail]
  )
    tail++;
  const same = (lines: string[]): Line[] => lines.map((text) => ({ kind: ' ', text }));
  return [
    ...same(a.slice(0, head)),
    ...middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...same(a.slice(a.length - tail)),
  ];
}

/** Myers' greedy algorithm (An O(ND) Difference Algorithm, 1986): the fewest lines removed and added. */
function middle(a: string[], b: string[]): Line[] {
  const trace: Map<number, number>[] = [];
  let reached = new Map<number, number>([[1, 0]]);
  for (let edits = 0; edits <= Math.min(a.length + b.length, EDITS_MAX); edits++) {
    trace.push(reached);
    const next = new Map<number, number>();
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      let x = startOf(reached, diagonal, edits);
      while (x < a.length && x - diagonal < b.length && a[x] === b[x - diagonal]) x++;
      next.set(diagonal, x);
      if (x >= a.length && x - diagonal >= b.length) return backwards(a, b, trace);
    }
    reached = next;
  }
  return [...a.map((text): Line => ({ kind: '-', text })), ...b.map((text): Line => ({ kind: '+', text }))];
}

const at = (reached: ReadonlyMap<number, number>, diagonal: number): number => reached.get(diagonal) ?? -1;

/** Down (a line added) or right (one removed), whichever gets further. */
const isDown = (reached: ReadonlyMap<number, number>, diagonal: number, edits: number): boolean =>
  diagonal === -edits || (diagonal !== edits && at(reached, diagonal - 1) < at(reached, diagonal + 1));

const startOf = (reached: ReadonlyMap<number, number>, diagonal: number, edits: number): number =>
  isDown(reached, diagonal, edits) ? at(reached, diagonal + 1) : at(reached, diagonal - 1) + 1;

function backwards(a: string[], b: string[], trace: readonly Map<number, number>[]): Line[] {
  const lines: Line[] = [];
  let [x, y] = [a.length, b.length];
  for (let edits = trace.length - 1; edits >= 0; edits--) {
    const reached = trace[edits] ?? new Map();
    const down = isDown(reached, x - y, edits);
    const start = edits === 0 ? 0 : startOf(reached, x - y, edits);
    while (x > start) {
      x--;
      y--;
      lines.push({ kind: ' ', text: a[x] ?? '' });
    }
    if (edits === 0) break;
    if (down) lines.push({ kind: '+', text: b[--y] ?? '' });
    else lines.push({ kind: '-', text: a[--x] ?? '' });
  }
  return lines.reverse();
}

/** Runs of changes with a few lines around them; runs that are near each other are one. */
function hunks(lines: readonly Line[]): string[] {
  const changed = lines.flatMap(({ kind }, index) => (kind === ' ' ? [] : [index]));
  const out: string[] = [];
  let [oldLine, newLine, done] = [1, 1, 0];
  for (let first = 0; first < changed.length; ) {
    let last = first;
    while ((changed[last + 1] ?? Infinity) - (changed[last] ?? 0) <= 2 * CONTEXT) last++;
    const from = Math.max(0, (changed[first] ?? 0) - CONTEXT);
    const to = Math.min(lines.length, (changed[last] ?? 0) + CONTEXT + 1);
    oldLine += from - done;
    newLine += from - done;
    const shown = lines.slice(from, to);
    const [removed, added] = [count(shown, '+'), count(shown, '-')];
    out.push(`@@ -${oldLine},${removed} +${newLine},${added} @@`);
    out.push(...shown.map(({ kind, text }) => `${kind}${text}`));
    oldLine += removed;
    newLine += added;
    done = to;
    first = last + 1;
  }
  return out;
}

/** Lines that are not of this kind. */
const count = (lines: readonly Line[], but: Line['kind']): number =>
  lines.filter(({ kind }) => kind !== but).length;
