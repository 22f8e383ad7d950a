// Finds places for nodes by d3-force. A node that has a place keeps it: only newcomers move.
import {
  forceCollide,
  forceLink,
  forceManyBody,
  forceSimulation,
  forceX,
  forceY,
  type Simulation,
  type SimulationLinkDatum,
} from 'd3-force';
import { clusterForce } from './cluster-force.ts';
import type { MapEdge, MapNode, Places } from './messages.ts';
import type { Spot } from './spot.ts';

type Link = SimulationLinkDatum<Spot>;

const radii: Readonly<Record<MapNode['kind'], number>> = {
  vm: 21,
  host: 21,
  network: 18,
  external: 19,
  multicast: 16,
  broadcast: 16,
  group: 22,
};

/** Everything shrinks as graphs grow, so that a large one still has shape at a glance. */
export function scaleOf(count: number): number {
  return count < 60 ? 1 : count < 300 ? 0.75 : 0.5;
}

/** One link a pair, none for what goes to everybody: eight parallel edges must not pull eight times. */
function links(edges: readonly MapEdge[]): Link[] {
  const seen = new Set<string>();
  return edges.flatMap(({ from, to, quiet }) => {
    if (quiet) return [];
    const key = from < to ? `${from} ${to}` : `${to} ${from}`;
    if (from === to || seen.has(key)) return [];
    seen.add(key);
    return [{ source: from, target: to }];
  });
}

/** A seeded generator (mulberry32): the same graph is laid out the same way every time. */
function seeded(): () => number {
  let state = 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Strength of the pull to the middle: nodes that no link holds need more of it. */
function pull(joined: readonly Link[], strength: number): (spot: Spot) => number {
  const held = new Set(joined.flatMap(({ source, target }) => [source, target]));
  return (spot) =>
    held.has(spot.index) || held.has(spot) || spot.network !== null ? strength : strength * 3;
}

export class Layout {
  spots: Spot[] = [];
  #simulation: Simulation<Spot, Link> = forceSimulation<Spot>([]).stop();
  #byId = new Map<string, Spot>();
  #places: Places;

  constructor(places: Places) {
    this.#places = places;
  }

  get moving(): boolean {
    return this.#simulation.alpha() > this.#simulation.alphaMin();
  }

  /** Takes a new set of nodes and edges; returns whether a node has yet to find its place. */
  set(nodes: readonly MapNode[], edges: readonly MapEdge[]): boolean {
    const scale = scaleOf(nodes.length);
    this.spots = nodes.map((node, index) => this.#spot(node, index, scale));
    this.#byId = new Map(this.spots.map((spot) => [spot.id, spot]));
    for (const { from, to } of edges) for (const end of [from, to]) (this.spots[end] as Spot).degree++;
    const homeless = this.spots.filter((spot) => Number.isNaN(spot.x));
    this.#settleBesidePeers(homeless, edges, scale);
    this.#build(links(edges), scale);
    this.#simulation.alpha(homeless.length === 0 ? 0 : homeless.length < this.spots.length / 2 ? 0.5 : 1);
    return homeless.length > 0;
  }

  #spot(node: MapNode, index: number, scale: number): Spot {
    const known = this.#byId.get(node.id);
    const place = known ? ([known.x, known.y] as const) : this.#places[node.id];
    const held = place && (known === undefined || known.degree > 0 || known.fx !== null);
    return {
      ...node,
      index,
      x: place?.[0] ?? Number.NaN,
      y: place?.[1] ?? Number.NaN,
      vx: 0,
      vy: 0,
      fx: held ? place[0] : null,
      fy: held ? place[1] : null,
      r: radii[node.kind] * scale,
      degree: 0,
    };
  }

  /** A newcomer starts beside somebody it talks to, else on a sunflower spiral around the middle. */
  #settleBesidePeers(homeless: readonly Spot[], edges: readonly MapEdge[], scale: number): void {
    const lost = new Set(homeless.map((spot) => spot.index));
    for (const { from, to } of edges) {
      const [a, b] = [this.spots[from], this.spots[to]];
      if (a && b && lost.has(from) !== lost.has(to))
        this.#besides(lost.has(from) ? a : b, lost.has(from) ? b : a, scale);
    }
    homeless.forEach((spot, i) => {
      if (!Number.isNaN(spot.x)) return;
      const angle = i * 2.39996;
      const reach = 60 * scale * Math.sqrt(i + 0.5);
      spot.x = reach * Math.cos(angle);
      spot.y = reach * Math.sin(angle);
    });
  }

  #besides(spot: Spot, peer: Spot, scale: number): void {
    if (!Number.isNaN(spot.x)) return;
    const angle = spot.index * 2.39996;
    spot.x = peer.x + 120 * scale * Math.cos(angle);
    spot.y = peer.y + 120 * scale * Math.sin(angle);
  }

  #build(joined: Link[], scale: number): void {
    const many = this.spots.length > 300;
    this.#simulation = forceSimulation<Spot>(this.spots)
      .randomSource(seeded())
      .alphaDecay(many ? 0.03 : 0.0228)
      .velocityDecay(0.45)
      .force(
        'link',
        forceLink<Spot, Link>(joined).distance((link) => this.#distance(link) * scale),
      )
      .force(
        'charge',
        forceManyBody<Spot>()
          .strength(-1900 * scale * scale)
          .theta(many ? 1.3 : 0.9)
          .distanceMax(560 * scale),
      )
      .force('collide', forceCollide<Spot>((spot) => spot.r + 34 * scale).iterations(many ? 1 : 2))
      .force('network', clusterForce(0.2, 125 * scale))
      .force('x', forceX<Spot>(0).strength(pull(joined, 0.05)))
      .force('y', forceY<Spot>(0).strength(pull(joined, 0.09)))
      .stop();
  }

  /** Links within a network are shorter than those that leave it. */
  #distance({ source, target }: Link): number {
    const [a, b] = [source, target] as [Spot, Spot];
    return a.network !== null && a.network === b.network ? 230 : 250;
  }

  /** One step; once still, everybody keeps the place it has. */
  tick(): void {
    this.#simulation.tick();
    if (!this.moving) this.#keep();
  }

  /** Steps until still, or until `budget_ms` have passed. */
  settle(budget_ms: number): void {
    const end = performance.now() + budget_ms;
    while (this.moving && performance.now() < end) this.tick();
  }

  /** Nodes without any edge stay free: their first edge may still draw them to where they belong. */
  #keep(): void {
    for (const spot of this.spots) {
      this.#places[spot.id] = [Math.round(spot.x), Math.round(spot.y)];
      if (spot.degree === 0) continue;
      spot.fx = spot.x;
      spot.fy = spot.y;
    }
  }

  move(spot: Spot, x: number, y: number): void {
    spot.x = spot.fx = x;
    spot.y = spot.fy = y;
    this.#places[spot.id] = [Math.round(x), Math.round(y)];
  }

  /** Lets go of every place and lays out anew. */
  arrange(): void {
    for (const spot of this.spots) spot.fx = spot.fy = null;
    this.#simulation.alpha(1);
  }

  places(): Places {
    return this.#places;
  }
}
