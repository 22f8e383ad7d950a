// How far an edge bows to pass beside a node that stands in its way.
import type { Disc } from './curve.ts';

const clearance = 9;
const bowMax = 110;

/**
 * The bow (as `writeCurve` takes it) that leads an edge whose own bow is `bow` around the discs between its
 * ends; the largest need wins. Near its ends an edge cannot evade, so discs there are let be.
 */
export function detour(from: Disc, to: Disc, bow: number, discs: readonly Disc[]): number {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = Math.hypot(dx, dy);
  if (length < 60) return bow;
  let need = 0;
  for (const disc of discs) {
    if (disc === from || disc === to) continue;
    const t = ((disc.x - from.x) * dx + (disc.y - from.y) * dy) / (length * length);
    if (t < 0.12 || t > 0.88) continue;
    const share = 4 * t * (1 - t);
    const aside = ((disc.y - from.y) * dx - (disc.x - from.x) * dy) / length - bow * share;
    const missing = disc.r + clearance - Math.abs(aside);
    if (missing <= 0) continue;
    const push = (aside >= 0 ? -missing : missing) / share;
    if (Math.abs(push) > Math.abs(need)) need = push;
  }
  return bow + Math.max(-bowMax, Math.min(bowMax, need));
}
