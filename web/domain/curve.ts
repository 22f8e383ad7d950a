// The shape of an edge: a quadratic curve between the rims of two nodes, bowed so that parallel edges part.
// Curves lie in one flat array, six numbers each (start, control, end), as thousands are made per frame.
import type { Point } from './camera.ts';

export type Disc = Point & { r: number };
export const curveSize = 6;

const loopReach = 4.2;

function put(
  out: Float32Array,
  at: number,
  values: readonly [number, number, number, number, number, number],
): void {
  out.set(values, at);
}

function loop(out: Float32Array, at: number, node: Disc, bow: number): void {
  const r = node.r * 0.87;
  const reach = node.r * loopReach + Math.abs(bow) * 2;
  put(out, at, [node.x - r, node.y - r * 0.6, node.x, node.y - reach, node.x + r, node.y - r * 0.6]);
}

/**
 * Writes the curve from client to server at `at`. `bow` is the sideways reach of its middle in the units
 * of the positions; `gap` is left free before the server's rim for the arrow.
 */
export function writeCurve(
  out: Float32Array,
  at: number,
  from: Disc,
  to: Disc,
  bow: number,
  gap: number,
): void {
  if (from === to) {
    loop(out, at, from, bow);
    return;
  }
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const length = Math.hypot(dx, dy) || 1;
  const cx = (from.x + to.x) / 2 - (dy / length) * bow * 2;
  const cy = (from.y + to.y) / 2 + (dx / length) * bow * 2;
  const start = from.r / (Math.hypot(cx - from.x, cy - from.y) || 1);
  const end = (to.r + gap) / (Math.hypot(cx - to.x, cy - to.y) || 1);
  out[at] = from.x + (cx - from.x) * start;
  out[at + 1] = from.y + (cy - from.y) * start;
  out[at + 2] = cx;
  out[at + 3] = cy;
  out[at + 4] = to.x + (cx - to.x) * end;
  out[at + 5] = to.y + (cy - to.y) * end;
}

/** The point at `t` (0 to 1) along the curve at `at`. */
export function along(curves: Float32Array, at: number, t: number): Point {
  const u = 1 - t;
  const mix = (i: number) =>
    u * u * (curves[at + i] ?? 0) + 2 * u * t * (curves[at + i + 2] ?? 0) + t * t * (curves[at + i + 4] ?? 0);
  return { x: mix(0), y: mix(1) };
}

/** Roughly how long the curve is: the mean of its chord and of the way over its control point. */
export function lengthOf(curves: Float32Array, at: number): number {
  const [x0 = 0, y0 = 0, cx = 0, cy = 0, x1 = 0, y1 = 0] = curves.subarray(at, at + curveSize);
  return (Math.hypot(x1 - x0, y1 - y0) + Math.hypot(cx - x0, cy - y0) + Math.hypot(x1 - cx, y1 - cy)) / 2;
}

function segmentDistance(p: Point, a: Point, b: Point): number {
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const t = Math.max(0, Math.min(1, ((p.x - a.x) * dx + (p.y - a.y) * dy) / (dx * dx + dy * dy || 1)));
  return Math.hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
}

/** Whether the box around the curve meets the box from (x0, y0) to (x1, y1). */
export function meets(c: Float32Array, at: number, x0: number, y0: number, x1: number, y1: number): boolean {
  const [ax = 0, ay = 0, bx = 0, by = 0, dx = 0, dy = 0] = [
    c[at],
    c[at + 1],
    c[at + 2],
    c[at + 3],
    c[at + 4],
    c[at + 5],
  ];
  return (
    Math.max(ax, bx, dx) >= x0 &&
    Math.min(ax, bx, dx) <= x1 &&
    Math.max(ay, by, dy) >= y0 &&
    Math.min(ay, by, dy) <= y1
  );
}

const pieces = 14;

/** Distance of a point to the curve; infinity when farther than `within`. */
export function distance(curves: Float32Array, at: number, p: Point, within: number): number {
  if (!meets(curves, at, p.x - within, p.y - within, p.x + within, p.y + within)) return Infinity;
  let best = Infinity;
  let last = along(curves, at, 0);
  for (let i = 1; i <= pieces; i++) {
    const next = along(curves, at, i / pieces);
    best = Math.min(best, segmentDistance(p, last, next));
    last = next;
  }
  return best <= within ? best : Infinity;
}
