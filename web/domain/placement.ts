// Chooses which labels fit: the important first, each at the first of its spots that is free.
import type { Box, Point } from './camera.ts';

/** `spots` are centres in order of preference. */
export type Label = { index: number; spots: readonly Point[]; width: number; height: number };
export type Placed = { index: number; x: number; y: number };

const overlaps = (a: Box, b: Box): boolean => a.x0 < b.x1 && b.x0 < a.x1 && a.y0 < b.y1 && b.y0 < a.y1;

const cell = 64;

/** Boxes hashed into square cells, so that a question looks at neighbours only. */
export class Taken {
  #cells = new Map<number, Box[]>();

  #each(box: Box, see: (key: number) => boolean): boolean {
    for (let x = Math.floor(box.x0 / cell); x <= Math.floor(box.x1 / cell); x++)
      for (let y = Math.floor(box.y0 / cell); y <= Math.floor(box.y1 / cell); y++)
        if (see(x * 4096 + y)) return true;
    return false;
  }

  free(box: Box): boolean {
    return !this.#each(box, (key) => this.#cells.get(key)?.some((other) => overlaps(box, other)) ?? false);
  }

  add(box: Box): void {
    this.#each(box, (key) => {
      const boxes = this.#cells.get(key);
      if (boxes) boxes.push(box);
      else this.#cells.set(key, [box]);
      return false;
    });
  }
}

/** Below, above, right and left of a node: where the centre of its label may lie. */
export function spotsBeside(at: Point, r: number, width: number, height: number): Point[] {
  const y = r + height / 2 + 3;
  const x = r + width / 2 + 5;
  return [
    { x: at.x, y: at.y + y },
    { x: at.x, y: at.y - y },
    { x: at.x + x, y: at.y },
    { x: at.x - x, y: at.y },
  ];
}

const boxAt = (centre: Point, width: number, height: number): Box => ({
  x0: centre.x - width / 2,
  y0: centre.y - height / 2,
  x1: centre.x + width / 2,
  y1: centre.y + height / 2,
});

/** Keeps labels off these discs; a label may still touch the corners of the square around one. */
export function keepOff(taken: Taken, discs: Iterable<Point & { r: number }>): void {
  for (const disc of discs) taken.add(boxAt(disc, disc.r * 1.75, disc.r * 1.75));
}

/** Places at most `max` of the labels, given in order of importance, where `taken` has room, and marks it taken. */
export function place(labels: readonly Label[], taken: Taken, max: number): Placed[] {
  const out: Placed[] = [];
  for (const label of labels) {
    if (out.length >= max) break;
    const spot = label.spots.find((one) => taken.free(boxAt(one, label.width, label.height)));
    if (!spot) continue;
    taken.add(boxAt(spot, label.width, label.height));
    out.push({ index: label.index, x: spot.x, y: spot.y });
  }
  return out;
}
