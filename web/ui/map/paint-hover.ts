// Paints what the pointer is over on top of the picture, so that hovering costs no new picture.
import { paintEdge } from './paint-edges.ts';
import { paintNode } from './paint-nodes.ts';
import { paintNodeThreat } from './paint-threats.ts';
import type { Scene } from './scene.ts';

type Target = OffscreenCanvasRenderingContext2D;

export function paintHover(target: Target, scene: Scene): void {
  const { hovered, spots, edges } = scene;
  if (!hovered) return;
  if (hovered.kind === 'edge') {
    const edge = edges.findIndex((one) => one.id === hovered.id);
    if (edge >= 0) paintEdge(target, scene, edge);
    return;
  }
  const spot = spots.find((one) => one.id === hovered.id);
  if (!spot) return;
  paintNode(target, scene, spot, true);
  paintNodeThreat(target, scene, spot);
}
