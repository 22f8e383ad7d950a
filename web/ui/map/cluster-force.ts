// A force that draws the members of one network together and different networks apart, for d3-force.
import type { Force } from 'd3-force';
import type { Spot } from './spot.ts';

type Centre = { x: number; y: number; reach: number };

function centres(members: ReadonlyMap<string, readonly Spot[]>, room: number): Map<string, Centre> {
  const out = new Map<string, Centre>();
  for (const [network, spots] of members) {
    const x = spots.reduce((sum, spot) => sum + spot.x, 0) / spots.length;
    const y = spots.reduce((sum, spot) => sum + spot.y, 0) / spots.length;
    out.set(network, { x, y, reach: room * Math.sqrt(spots.length) });
  }
  return out;
}

/** Pushes two centres apart while their networks would overlap. */
function part(a: Centre, b: Centre, push: (x: number, y: number) => void): void {
  const [dx, dy] = [b.x - a.x || 0.1, b.y - a.y];
  const away = Math.hypot(dx, dy);
  const missing = a.reach + b.reach - away;
  if (missing > 0) push((dx / away) * missing, (dy / away) * missing);
}

/** `room` is the radius in which one member lives. */
export function clusterForce(strength: number, room: number): Force<Spot, undefined> {
  const members = new Map<string, Spot[]>();
  const force = (alpha: number): void => {
    const all = [...centres(members, room)];
    for (const [network, centre] of all) {
      let [px, py] = [0, 0];
      for (const [other, away] of all)
        if (other !== network)
          part(away, centre, (x, y) => {
            px += x;
            py += y;
          });
      for (const spot of members.get(network) ?? []) {
        spot.vx += ((centre.x - spot.x) * strength + px * 0.3) * alpha;
        spot.vy += ((centre.y - spot.y) * strength + py * 0.3) * alpha;
      }
    }
  };
  force.initialize = (spots: Spot[]): void => {
    members.clear();
    for (const spot of spots) {
      if (spot.network === null) continue;
      const own = members.get(spot.network);
      if (own) own.push(spot);
      else members.set(spot.network, [spot]);
    }
  };
  return force;
}
