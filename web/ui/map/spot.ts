// Spot: a node with its place on the map.
import type { MapNode } from './messages.ts';

export type Spot = MapNode & {
  index: number;
  x: number;
  y: number;
  vx: number;
  vy: number;
  fx: number | null;
  fy: number | null;
  r: number;
  degree: number;
};
