// Paints a warning sign at every node and edge that has open threats.
import type { Severity } from '../../../hostd/api/schema.ts';
import { along, curveSize } from '../../domain/curve.ts';
import { type Palette, palettes } from './palette.ts';
import type { Scene } from './scene.ts';
import type { Spot } from './spot.ts';

type Target = OffscreenCanvasRenderingContext2D;

const nodeSign = 8;
const edgeSign = 6.5;
/** Nearer to the client than the edge's name. */
const edgePlace = 0.25;
/** Nodes smaller than this have a sign as large as themselves. */
const signMin = 3;

const colourOf = (severity: Severity, palette: Palette): string =>
  severity === 'high' || severity === 'critical' ? palette.crashed : palette.paused;

/** A triangle with an exclamation mark. */
function sign(target: Target, palette: Palette, severity: Severity, x: number, y: number, r: number): void {
  target.beginPath();
  target.moveTo(x, y - r);
  target.lineTo(x + r, y + r * 0.8);
  target.lineTo(x - r, y + r * 0.8);
  target.closePath();
  target.lineJoin = 'round';
  target.lineWidth = 3;
  target.strokeStyle = palette.background;
  target.stroke();
  target.fillStyle = colourOf(severity, palette);
  target.fill();
  if (r < 5) return;
  target.fillStyle = palette.background;
  target.fillRect(x - r * 0.09, y - r * 0.42, r * 0.18, r * 0.62);
  target.fillRect(x - r * 0.09, y + r * 0.36, r * 0.18, r * 0.2);
}

export function paintThreats(target: Target, scene: Scene): void {
  const palette = palettes[scene.theme];
  scene.edges.forEach(({ threat }, i) => {
    if (!threat || !scene.arrows) return;
    const { x, y } = along(scene.curves, i * curveSize, edgePlace);
    sign(target, palette, threat, x, y, edgeSign);
  });
  for (const spot of scene.spots) paintNodeThreat(target, scene, spot);
}

export function paintNodeThreat(target: Target, scene: Scene, { threat, index }: Spot): void {
  const disc = scene.discs[index];
  if (!threat || !disc) return;
  const r = Math.max(signMin, Math.min(nodeSign, disc.r * 0.45));
  sign(target, palettes[scene.theme], threat, disc.x - disc.r * 0.82, disc.y - disc.r * 0.82, r);
}
