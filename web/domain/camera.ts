// The map's camera: world to screen and back, zoom about a point, fit a box. Screen units are CSS pixels.

export type Point = { x: number; y: number };
export type Box = { x0: number; y0: number; x1: number; y1: number };
/** A world point (x, y) is drawn at (x * k + tx, y * k + ty). */
export type Camera = { k: number; tx: number; ty: number };

export const zoomMin = 0.05;
export const zoomMax = 4;

export const clamp = (value: number, low: number, high: number): number =>
  Math.min(high, Math.max(low, value));

export function toScreen(camera: Camera, point: Point): Point {
  return { x: point.x * camera.k + camera.tx, y: point.y * camera.k + camera.ty };
}

export function toWorld(camera: Camera, point: Point): Point {
  return { x: (point.x - camera.tx) / camera.k, y: (point.y - camera.ty) / camera.k };
}

/** Zooms by a factor so that the world point under `at` (screen) stays where it is. */
export function zoomAt(camera: Camera, at: Point, factor: number): Camera {
  const k = clamp(camera.k * factor, zoomMin, zoomMax);
  const world = toWorld(camera, at);
  return { k, tx: at.x - world.x * k, ty: at.y - world.y * k };
}

export function boxOf(points: Iterable<Point>): Box | null {
  let box: Box | null = null;
  for (const { x, y } of points) {
    box ??= { x0: x, y0: y, x1: x, y1: y };
    box = {
      x0: Math.min(box.x0, x),
      y0: Math.min(box.y0, y),
      x1: Math.max(box.x1, x),
      y1: Math.max(box.y1, y),
    };
  }
  return box;
}

/** The camera that shows the whole box inside width × height with `margin` pixels left free; never magnifies past `kMax`. */
export function fit(box: Box, width: number, height: number, margin: number, kMax = 1.25): Camera {
  const free = (size: number) => Math.max(40, size - 2 * margin);
  const k = clamp(
    Math.min(free(width) / Math.max(1, box.x1 - box.x0), free(height) / Math.max(1, box.y1 - box.y0)),
    zoomMin,
    kMax,
  );
  return { k, tx: width / 2 - (k * (box.x0 + box.x1)) / 2, ty: height / 2 - (k * (box.y0 + box.y1)) / 2 };
}

/** The camera part of the way (0 to 1) between two; the scale goes geometrically, so that zooming feels even. */
export function between(from: Camera, to: Camera, part: number): Camera {
  if (part >= 1) return to;
  const k = from.k * (to.k / from.k) ** part;
  const mix = (a: number, b: number) => a + (b - a) * part;
  return { k, tx: mix(from.tx, to.tx), ty: mix(from.ty, to.ty) };
}
