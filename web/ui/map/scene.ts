// Everything that is drawn, and where it is on the screen just now.
import { isApplication, type Theme } from '../../domain/application.ts';
import { type Camera, toScreen } from '../../domain/camera.ts';
import { curveSize, type Disc, distance, writeCurve } from '../../domain/curve.ts';
import { detour } from '../../domain/detour.ts';
import { Layout } from './layout.ts';
import type { MapEdge, MapNode, Pick, Places, Rates } from './messages.ts';
import type { Spot } from './spot.ts';

/** `left` and `right` are what legend and panel cover. */
export type Size = { width: number; height: number; ratio: number; left: number; right: number };
export type Emphasis = 'normal' | 'strong' | 'dim';

const arrowGap = 7;
/** Leading every edge around every node is worth it while there are few. */
const evadeMax = 300;

export class Scene {
  readonly layout: Layout;
  camera: Camera = { k: 1, tx: 0, ty: 0 };
  size: Size = { width: 1, height: 1, ratio: 1, left: 0, right: 0 };
  theme: Theme = 'dark';
  still = false;
  /** Rates are of now: dots may travel. */
  flowing = true;
  edges: readonly MapEdge[] = [];
  toServer: Rates = new Float32Array(0);
  toClient: Rates = new Float32Array(0);
  selected: Pick = null;
  hovered: Pick = null;
  focusApp = '';
  focusNodes: ReadonlySet<string> | null = null;
  /** Screen places, renewed by `project`. */
  discs: Disc[] = [];
  curves = new Float32Array(0);
  #near: ReadonlySet<number> | null = null;

  constructor(places: Places) {
    this.layout = new Layout(places);
  }

  get spots(): readonly Spot[] {
    return this.layout.spots;
  }

  set(nodes: readonly MapNode[], edges: readonly MapEdge[]): boolean {
    const homeless = this.layout.set(nodes, edges);
    this.edges = edges;
    this.curves = new Float32Array(edges.length * curveSize);
    this.discs = nodes.map(() => ({ x: 0, y: 0, r: 0 }));
    this.setRates(new Float32Array(edges.length), new Float32Array(edges.length));
    this.renewNear();
    return homeless;
  }

  setRates(toServer: Rates, toClient: Rates): void {
    if (toServer.length !== this.edges.length) return;
    this.toServer = toServer;
    this.toClient = toClient;
  }

  rate(edge: number): number {
    return (this.toServer[edge] ?? 0) + (this.toClient[edge] ?? 0);
  }

  isPick(pick: Pick, kind: 'node' | 'edge', id: string): boolean {
    return pick !== null && pick.kind === kind && pick.id === id;
  }

  /** Nodes that belong to the selection: itself and whoever it talks to. Call after select and set. */
  renewNear(): void {
    const { selected } = this;
    if (!selected) {
      this.#near = null;
      return;
    }
    const near = new Set<number>();
    const own = this.spots.findIndex((spot) => this.isPick(selected, 'node', spot.id));
    if (own >= 0) near.add(own);
    for (const edge of this.edges)
      if (selected.kind === 'edge' ? edge.id === selected.id : edge.from === own || edge.to === own)
        near.add(edge.from).add(edge.to);
    this.#near = near.size > 0 ? near : null;
  }

  nodeEmphasis(spot: Spot): Emphasis {
    if (this.isPick(this.selected, 'node', spot.id)) return 'strong';
    if (this.focusNodes && !this.focusNodes.has(spot.id)) return 'dim';
    return this.#near && !this.#near.has(spot.index) ? 'dim' : 'normal';
  }

  edgeEmphasis(edge: MapEdge): Emphasis {
    if (this.isPick(this.selected, 'edge', edge.id)) return 'strong';
    if (this.focusApp && !isApplication(edge.app, this.focusApp)) return 'dim';
    const [from, to] = [this.spots[edge.from], this.spots[edge.to]];
    if (this.focusNodes && !this.focusNodes.has(from?.id ?? '') && !this.focusNodes.has(to?.id ?? ''))
      return 'dim';
    if (this.selected?.kind === 'edge') return 'dim';
    if (!this.#near) return 'normal';
    return from?.id === this.selected?.id || to?.id === this.selected?.id ? 'strong' : 'dim';
  }

  /** Puts every node and edge where the camera sees it. */
  project(): void {
    const { camera } = this;
    for (const spot of this.spots) {
      const disc = this.discs[spot.index] as Disc;
      disc.x = spot.x * camera.k + camera.tx;
      disc.y = spot.y * camera.k + camera.ty;
      disc.r = Math.max(2.2, spot.r * Math.min(camera.k, 1.6));
    }
    const spread = Math.min(20, 15 * camera.k);
    const evade = this.edges.length <= evadeMax && this.arrows;
    const gap = this.arrows ? arrowGap : 1;
    this.edges.forEach((edge, i) => {
      const [from, to] = [this.discs[edge.from], this.discs[edge.to]];
      if (!from || !to) return;
      const bow =
        evade && from !== to ? detour(from, to, edge.place * spread, this.discs) : edge.place * spread;
      writeCurve(this.curves, i * curveSize, from, to, bow, gap);
    });
  }

  /** Too many edges to draw each with care. */
  get crowded(): boolean {
    return this.edges.length > 1500;
  }

  /** Arrows and icons are drawn while nodes are large enough to read. */
  get arrows(): boolean {
    return (this.spots[0]?.r ?? 1) * this.camera.k > 6;
  }

  /** What lies under a point of the screen: a node before an edge. */
  at(x: number, y: number): Pick {
    let best: Pick = null;
    let reach = 6;
    this.discs.forEach((disc, i) => {
      const away = Math.hypot(disc.x - x, disc.y - y) - disc.r;
      const spot = this.spots[i];
      if (spot && away < reach) {
        reach = away;
        best = { kind: 'node', id: spot.id };
      }
    });
    return best ?? this.#edgeAt(x, y);
  }

  #edgeAt(x: number, y: number): Pick {
    let best: Pick = null;
    let reach = 7;
    this.edges.forEach((edge, i) => {
      const away = distance(this.curves, i * curveSize, { x, y }, reach);
      if (away >= reach) return;
      reach = away;
      best = { kind: 'edge', id: edge.id };
    });
    return best;
  }

  screenOf(spot: Spot): { x: number; y: number } {
    return toScreen(this.camera, spot);
  }
}
