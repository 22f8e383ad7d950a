// What the page and the map's worker say to each other.
import type { GraphNode, Severity } from '../../../hostd/api/schema.ts';
import type { Theme } from '../../domain/application.ts';
import type { Direction } from '../../domain/neighbour.ts';

export type MapNode = {
  id: string;
  name: string;
  kind: GraphNode['kind'];
  state: NonNullable<GraphNode['state']> | null;
  /** The network this node is drawn together with. */
  network: string | null;
  /** The worst of its open threats. */
  threat: Severity | null;
};
/**
 * `from` and `to` are indices of nodes; `place` is the sideways place among parallel edges; a quiet edge goes to
 * everybody (multicast, broadcast) and neither pulls nodes together nor is labelled.
 */
export type MapEdge = {
  id: string;
  from: number;
  to: number;
  app: string;
  label: string;
  quiet: boolean;
  place: number;
  threat: Severity | null;
};
export type Pick = { kind: 'node' | 'edge'; id: string } | null;
/** World x and y by node id, as remembered between visits. */
export type Places = Record<string, [number, number]>;

export type Rates = Float32Array<ArrayBuffer>;

export type ToWorker =
  | { kind: 'start'; canvas: OffscreenCanvas; places: Places }
  | { kind: 'size'; width: number; height: number; ratio: number; left: number; right: number }
  | { kind: 'look'; theme: Theme; still: boolean }
  | { kind: 'structure'; nodes: MapNode[]; edges: MapEdge[] }
  /** Bytes a second by edge; `flowing` when they are of now, so that dots may travel. */
  | { kind: 'rates'; toServer: Rates; toClient: Rates; flowing: boolean }
  | { kind: 'select'; pick: Pick; show: boolean }
  | { kind: 'focus'; app: string; nodes: string[] | null }
  | { kind: 'pointer'; phase: 'down' | 'move' | 'up' | 'leave'; x: number; y: number; id: number }
  | { kind: 'wheel'; x: number; y: number; factor: number }
  | { kind: 'pan'; dx: number; dy: number }
  | { kind: 'zoom'; factor: number }
  | { kind: 'fit' }
  | { kind: 'arrange' }
  | { kind: 'step'; direction: Direction };

export type FromWorker =
  | { kind: 'hover'; pick: Pick; x: number; y: number }
  | { kind: 'picked'; pick: Pick }
  | { kind: 'cursor'; cursor: 'grab' | 'grabbing' | 'pointer' }
  | { kind: 'places'; places: Places }
  | { kind: 'pace'; framesPerSecond: number; layout_ms: number; paint_ms: number };
