// Paints the dots that travel along busy edges: requests towards the server, answers back.
import { colourOf } from '../../domain/application.ts';
import { along, curveSize, lengthOf, meets } from '../../domain/curve.ts';
import { dotsOf } from '../../domain/wiring.ts';
import type { Scene } from './scene.ts';

const speed = 55;
const dotsMax = 1200;
const edgesMax = 400;

export type Lane = { edge: number; colour: string; toServer: number; toClient: number };

/** The busiest edges and how many dots a second each way; renewed with rates and emphasis. */
export function lanes(scene: Scene): Lane[] {
  if (!scene.flowing || scene.still) return [];
  return scene.edges
    .map((edge, i) => ({ edge, i, rate: scene.rate(i) }))
    .filter(({ edge, rate }) => rate > 0 && scene.edgeEmphasis(edge) !== 'dim')
    .sort((a, b) => b.rate - a.rate)
    .slice(0, edgesMax)
    .map(({ edge, i }) => ({
      edge: i,
      colour: colourOf(edge.app, scene.theme),
      toServer: dotsOf(scene.toServer[i] ?? 0),
      toClient: dotsOf(scene.toClient[i] ?? 0),
    }));
}

/** Fractions (0 to 1) along a lane of this length where dots are at `seconds`. */
function fractions(length: number, perSecond: number, seconds: number): number[] {
  if (perSecond <= 0 || length < 8) return [];
  const spacing = speed / perSecond;
  const out: number[] = [];
  for (let at = (seconds * speed) % spacing; at < length; at += spacing) out.push(at / length);
  return out;
}

export function paintDots(
  target: OffscreenCanvasRenderingContext2D,
  scene: Scene,
  all: readonly Lane[],
  seconds: number,
): void {
  let left = dotsMax;
  const { width, height } = scene.size;
  for (const lane of all) {
    const at = lane.edge * curveSize;
    if (left <= 0 || !meets(scene.curves, at, 0, 0, width, height)) continue;
    const length = lengthOf(scene.curves, at);
    target.fillStyle = lane.colour;
    target.beginPath();
    for (const [perSecond, back, r] of [
      [lane.toServer, false, 2.4],
      [lane.toClient, true, 1.7],
    ] as const)
      for (const t of fractions(length, perSecond, seconds + lane.edge * 0.37)) {
        const { x, y } = along(scene.curves, at, back ? 1 - t : t);
        target.moveTo(x + r, y);
        target.arc(x, y, r, 0, 7);
        left--;
      }
    target.fill();
  }
}
