// Paints edges in as few strokes as possible: all edges of one colour, width and emphasis together.
import { colourOf } from '../../domain/application.ts';
import { curveSize, meets } from '../../domain/curve.ts';
import { widthOf } from '../../domain/wiring.ts';
import type { Emphasis, Scene } from './scene.ts';

type Target = OffscreenCanvasRenderingContext2D;
type Pen = { colour: string; width: number; emphasis: Emphasis; edges: number[] };

const order: Readonly<Record<Emphasis, number>> = { dim: 0, normal: 1, strong: 2 };

function alphaOf(emphasis: Emphasis, busy: boolean, crowded: boolean): number {
  if (emphasis === 'dim') return crowded ? 0.05 : 0.12;
  if (emphasis === 'strong') return 1;
  return (busy ? 0.85 : 0.42) * (crowded ? 0.55 : 1);
}

/** In a crowd lines are thin: the ones that carry nothing are hairlines, which rasterise fastest. */
function penWidth(rate: number, emphasis: Emphasis, crowded: boolean): number {
  const strong = emphasis === 'strong' ? 0.6 : 0;
  if (!crowded) return Math.round(widthOf(rate) * 2) / 2 + strong;
  return (rate > 0 ? Math.min(3, Math.max(1, Math.round(widthOf(rate)) / 2)) : 1) + strong;
}

/** Groups the edges by pen, dim ones first. Valid until structure, rates or emphasis change. */
export function pens(scene: Scene): Pen[] {
  const found = new Map<string, Pen>();
  const { crowded } = scene;
  scene.edges.forEach((edge, i) => {
    const rate = scene.rate(i);
    const emphasis = scene.edgeEmphasis(edge);
    const width = penWidth(rate, emphasis, crowded);
    const key = `${edge.app} ${width} ${emphasis} ${rate > 0} ${edge.quiet}`;
    const colour = () =>
      colourOf(
        edge.app,
        scene.theme,
        alphaOf(emphasis, rate > 0, crowded) * (edge.quiet && emphasis === 'normal' ? 0.5 : 1),
      );
    const pen = found.get(key) ?? { colour: colour(), width, emphasis, edges: [] };
    pen.edges.push(i);
    found.set(key, pen);
  });
  return [...found.values()].sort((a, b) => order[a.emphasis] - order[b.emphasis]);
}

function trace(target: Target, scene: Scene, edge: number): void {
  const { curves } = scene;
  const at = edge * curveSize;
  const [x0 = 0, y0 = 0, cx = 0, cy = 0, x1 = 0, y1 = 0] = [
    curves[at],
    curves[at + 1],
    curves[at + 2],
    curves[at + 3],
    curves[at + 4],
    curves[at + 5],
  ];
  target.moveTo(x0, y0);
  const bent =
    Math.abs((x1 - x0) * (cy - y0) - (y1 - y0) * (cx - x0)) > Math.abs(x1 - x0) + Math.abs(y1 - y0);
  if (!bent) target.lineTo(x1, y1);
  else target.quadraticCurveTo(cx, cy, x1, y1);
}

function arrow(target: Target, curves: Float32Array, at: number, size: number): void {
  const [cx = 0, cy = 0, x = 0, y = 0] = [curves[at + 2], curves[at + 3], curves[at + 4], curves[at + 5]];
  const length = Math.hypot(x - cx, y - cy) || 1;
  const [ux, uy] = [(x - cx) / length, (y - cy) / length];
  const [bx, by] = [x - ux * size * 0.35, y - uy * size * 0.35];
  target.moveTo(x + ux * size * 0.8, y + uy * size * 0.8);
  target.lineTo(bx - uy * size * 0.52, by + ux * size * 0.52);
  target.lineTo(bx + uy * size * 0.52, by - ux * size * 0.52);
  target.closePath();
}

/**
 * Software rasterises a path slower than its parts once lines are wide, and hairlines faster together;
 * measured on 8,000 lines: width 1 by the hundred 16 ms, one by one 32; width 2 by the hundred 161, one by one 49.
 */
function pathMax(width: number): number {
  return width <= 1 ? 96 : 1;
}

/** Edges that give an idea of the whole while everything moves. */
const draftMax = 2000;

function byParts(edges: readonly number[], most: number, draw: (part: readonly number[]) => void): void {
  for (let i = 0; i < edges.length; i += most) draw(edges.slice(i, i + most));
}

/** `draft` is for a crowd in motion: hairlines, and not all of them. */
export function paintEdges(target: Target, scene: Scene, all: readonly Pen[], draft: boolean): void {
  const { width, height } = scene.size;
  const share = Math.ceil(scene.edges.length / draftMax);
  target.lineCap = 'butt';
  for (const pen of all) {
    const wanted = draft ? pen.edges.filter((edge) => edge % share === 0) : pen.edges;
    const seen = wanted.filter((edge) => meets(scene.curves, edge * curveSize, 0, 0, width, height));
    target.strokeStyle = target.fillStyle = pen.colour;
    target.lineWidth = draft ? 1 : pen.width;
    byParts(seen, pathMax(target.lineWidth), (part) => {
      target.beginPath();
      for (const edge of part) trace(target, scene, edge);
      target.stroke();
    });
    if (!scene.arrows || draft) continue;
    byParts(seen, 96, (part) => {
      target.beginPath();
      for (const edge of part) arrow(target, scene.curves, edge * curveSize, 6.5 + pen.width);
      target.fill();
    });
  }
}

/** One edge with all its strength, over whatever is there. */
export function paintEdge(target: Target, scene: Scene, edge: number): void {
  const width = widthOf(scene.rate(edge)) + 1;
  target.strokeStyle = target.fillStyle = colourOf(scene.edges[edge]?.app, scene.theme);
  target.lineWidth = width;
  target.beginPath();
  trace(target, scene, edge);
  target.stroke();
  target.beginPath();
  arrow(target, scene.curves, edge * curveSize, 6.5 + width);
  target.fill();
}
