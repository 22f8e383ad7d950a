// Which node an arrow key leads to: the nearest one that lies in that direction.
import type { Point } from './camera.ts';

export type Direction = 'left' | 'right' | 'up' | 'down';

const axes: Readonly<Record<Direction, Point>> = {
  left: { x: -1, y: 0 },
  right: { x: 1, y: 0 },
  up: { x: 0, y: -1 },
  down: { x: 0, y: 1 },
};

/** Index of the best point, or -1. Off-axis distance counts three times, so that keys go straight. */
export function neighbour(points: readonly Point[], from: Point, direction: Direction): number {
  const axis = axes[direction];
  let best = -1;
  let cost = Infinity;
  points.forEach((point, i) => {
    const ahead = (point.x - from.x) * axis.x + (point.y - from.y) * axis.y;
    const aside = Math.abs((point.x - from.x) * axis.y) + Math.abs((point.y - from.y) * axis.x);
    if (ahead <= 0.5 || aside > ahead * 2.2) return;
    if (ahead + 3 * aside < cost) {
      cost = ahead + 3 * aside;
      best = i;
    }
  });
  return best;
}
