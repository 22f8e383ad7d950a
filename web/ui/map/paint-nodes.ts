// Paints the networks behind the nodes, and the nodes with their kind, state and selection.
import type { Disc } from '../../domain/curve.ts';
import { hull } from '../../domain/hull.ts';
import { icon } from './icons.ts';
import { type Palette, palettes } from './palette.ts';
import type { Scene } from './scene.ts';
import type { Spot } from './spot.ts';

type Target = OffscreenCanvasRenderingContext2D;
export type NetworkTitle = { name: string; x: number; y: number };

const reach = 34;

function membersOf(scene: Scene): Map<string, { x: number; y: number }[]> {
  const out = new Map<string, { x: number; y: number }[]>();
  for (const spot of scene.spots) {
    const disc = scene.discs[spot.index];
    if (spot.network === null || !disc) continue;
    const own = out.get(spot.network);
    if (own) own.push(disc);
    else out.set(spot.network, [disc]);
  }
  return out;
}

/** Fills the outline around each network of two nodes or more; returns where their names belong. */
export function paintNetworks(target: Target, scene: Scene): NetworkTitle[] {
  const palette = palettes[scene.theme];
  const pad = reach * Math.min(1.4, Math.max(0.35, scene.camera.k)) * ((scene.spots[0]?.r ?? 20) / 20);
  const titles: NetworkTitle[] = [];
  target.lineJoin = target.lineCap = 'round';
  for (const [name, points] of membersOf(scene)) {
    if (points.length < 2) continue;
    const corners = hull(points);
    for (const [colour, width] of [
      [palette.networkRim, 2 * pad + 2],
      [palette.network, 2 * pad],
    ] as const) {
      target.beginPath();
      for (const { x, y } of corners) target.lineTo(x, y);
      target.closePath();
      target.strokeStyle = target.fillStyle = colour;
      target.lineWidth = width;
      target.stroke();
      target.fill();
    }
    const top = corners.reduce((a, b) => (b.y < a.y ? b : a));
    titles.push({ name, x: top.x, y: top.y - pad - 9 });
  }
  return titles;
}

function stateColour(spot: Spot, palette: Palette): string | null {
  if (spot.state === null) return null;
  if (spot.state === 'running') return palette.running;
  if (spot.state === 'crashed') return palette.crashed;
  return spot.state === 'shutoff' ? palette.stopped : palette.paused;
}

function body(target: Target, scene: Scene, spot: Spot, { x, y, r }: Disc, lit: boolean): void {
  const palette = palettes[scene.theme];
  const picked = scene.isPick(scene.selected, 'node', spot.id);
  target.beginPath();
  if (spot.kind === 'vm' || spot.kind === 'host' || spot.kind === 'group')
    target.roundRect(x - r, y - r, 2 * r, 2 * r, r * 0.45);
  else target.arc(x, y, r, 0, 7);
  target.fillStyle = palette.node;
  target.fill();
  target.setLineDash(spot.state === 'shutoff' ? [3, 3] : []);
  target.strokeStyle = picked || lit ? palette.accent : spot.kind === 'host' ? palette.icon : palette.rim;
  target.lineWidth = picked ? 2.5 : lit ? 2 : 1.4;
  target.stroke();
  target.setLineDash([]);
  if (!picked) return;
  target.globalAlpha = 0.25;
  target.lineWidth = 8;
  target.stroke();
  target.globalAlpha = 1;
}

function picture(target: Target, scene: Scene, spot: Spot, x: number, y: number, r: number): void {
  const palette = palettes[scene.theme];
  const size = r / 12;
  target.save();
  target.translate(x - 12 * size, y - 12 * size);
  target.scale(size, size);
  target.strokeStyle = palette.icon;
  target.globalAlpha *= spot.state === 'shutoff' ? 0.45 : 0.95;
  target.lineWidth = 1.25;
  target.stroke(icon(spot.kind));
  target.restore();
}

function badge(target: Target, colour: string, background: string, x: number, y: number, r: number): void {
  const size = Math.max(2.2, r * 0.17);
  target.beginPath();
  target.arc(x + r * 0.82, y - r * 0.82, size + 1.5, 0, 7);
  target.fillStyle = background;
  target.fill();
  target.beginPath();
  target.arc(x + r * 0.82, y - r * 0.82, size, 0, 7);
  target.fillStyle = colour;
  target.fill();
}

/** Nodes too small for pictures: one fill and one stroke for all of a colour. */
function paintDots(target: Target, scene: Scene, spots: readonly Spot[]): void {
  const palette = palettes[scene.theme];
  const byColour = new Map<string, Spot[]>();
  for (const spot of spots) {
    const quiet = spot.state === 'running' || scene.nodeEmphasis(spot) === 'dim';
    const colour = (quiet ? null : stateColour(spot, palette)) ?? palette.faint;
    const own = byColour.get(colour);
    if (own) own.push(spot);
    else byColour.set(colour, [spot]);
  }
  for (const [colour, own] of byColour) {
    target.beginPath();
    for (const spot of own) {
      const disc = scene.discs[spot.index];
      if (disc) target.rect(disc.x - disc.r, disc.y - disc.r, 2 * disc.r, 2 * disc.r);
    }
    target.fillStyle = colour;
    target.fill();
  }
}

function visible(scene: Scene): Spot[] {
  const { width, height } = scene.size;
  return scene.spots.filter((spot) => {
    const disc = scene.discs[spot.index];
    return disc && disc.x > -40 && disc.y > -40 && disc.x < width + 40 && disc.y < height + 40;
  });
}

/** One node as it is, with its picture and state while it is large enough for them. */
export function paintNode(target: Target, scene: Scene, spot: Spot, lit: boolean): void {
  const palette = palettes[scene.theme];
  const disc = scene.discs[spot.index];
  if (!disc) return;
  const alpha = !lit && scene.nodeEmphasis(spot) === 'dim' ? 0.3 : 1;
  target.globalAlpha = alpha;
  body(target, scene, spot, disc, lit);
  target.globalAlpha = alpha;
  if (disc.r > 6.5) picture(target, scene, spot, disc.x, disc.y, disc.r);
  const state = stateColour(spot, palette);
  if (state && disc.r > 6.5) badge(target, state, palette.node, disc.x, disc.y, disc.r);
  target.globalAlpha = 1;
}

export function paintNodes(target: Target, scene: Scene): void {
  const spots = visible(scene);
  const small = !scene.arrows && spots.length > 200;
  if (small) paintDots(target, scene, spots);
  for (const spot of spots)
    if (!small || scene.nodeEmphasis(spot) === 'strong') paintNode(target, scene, spot, false);
}
