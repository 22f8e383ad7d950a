// Turns pointer events into panning, dragging a node, two-finger zoom, hover and picks.
import { clamp, toWorld, zoomAt } from '../../domain/camera.ts';
import type { FrameLoop } from './frame-loop.ts';
import type { FromWorker, Pick, ToWorker } from './messages.ts';
import type { Scene } from './scene.ts';
import type { Spot } from './spot.ts';

type Pointer = Extract<ToWorker, { kind: 'pointer' }>;
type Finger = { x: number; y: number };

const slop = 4;
const same = (a: Pick, b: Pick): boolean => a?.kind === b?.kind && a?.id === b?.id;

export class Gestures {
  readonly #scene: Scene;
  readonly #loop: FrameLoop;
  readonly #tell: (message: FromWorker) => void;
  readonly #fingers = new Map<number, Finger>();
  #pressed: { pick: Pick; x: number; y: number; moved: boolean } | null = null;
  #grip = { x: 0, y: 0 };

  constructor(scene: Scene, loop: FrameLoop, tell: (message: FromWorker) => void) {
    this.#scene = scene;
    this.#loop = loop;
    this.#tell = tell;
  }

  pointer(event: Pointer): void {
    if (event.phase === 'down') this.#down(event);
    if (event.phase === 'move') this.#move(event);
    if (event.phase === 'up') this.#up(event);
    if (event.phase === 'leave') this.#hover(null, event);
  }

  wheel(x: number, y: number, factor: number): void {
    this.#loop.jumpTo(zoomAt(this.#scene.camera, { x, y }, clamp(factor, 0.5, 2)));
  }

  #dragged(): Spot | undefined {
    const pick = this.#pressed?.pick;
    return pick?.kind === 'node' ? this.#scene.spots.find((spot) => spot.id === pick.id) : undefined;
  }

  #down(event: Pointer): void {
    this.#fingers.set(event.id, { x: event.x, y: event.y });
    if (this.#fingers.size > 1) {
      this.#pressed = null;
      return;
    }
    this.#pressed = { pick: this.#scene.at(event.x, event.y), x: event.x, y: event.y, moved: false };
    const spot = this.#dragged();
    const world = toWorld(this.#scene.camera, event);
    if (spot) this.#grip = { x: spot.x - world.x, y: spot.y - world.y };
  }

  #move(event: Pointer): void {
    const last = this.#fingers.get(event.id);
    if (!last) {
      this.#hover(this.#scene.at(event.x, event.y), event);
      return;
    }
    if (this.#fingers.size === 2) this.#pinch(event);
    else this.#drag(event, last);
    this.#fingers.set(event.id, { x: event.x, y: event.y });
  }

  #pinch(event: Pointer): void {
    const [a, b] = [...this.#fingers.values()];
    const other = [...this.#fingers].find(([id]) => id !== event.id)?.[1];
    if (!a || !b || !other) return;
    const before = Math.hypot(a.x - b.x, a.y - b.y) || 1;
    const after = Math.hypot(event.x - other.x, event.y - other.y);
    this.wheel((event.x + other.x) / 2, (event.y + other.y) / 2, after / before);
  }

  #drag(event: Pointer, last: Finger): void {
    const pressed = this.#pressed;
    if (!pressed) return;
    pressed.moved ||= Math.hypot(event.x - pressed.x, event.y - pressed.y) > slop;
    if (!pressed.moved) return;
    this.#tell({ kind: 'cursor', cursor: 'grabbing' });
    const spot = this.#dragged();
    const { camera } = this.#scene;
    if (!spot) {
      this.#loop.jumpTo({ ...camera, tx: camera.tx + event.x - last.x, ty: camera.ty + event.y - last.y });
      return;
    }
    const world = toWorld(camera, event);
    this.#scene.layout.move(spot, world.x + this.#grip.x, world.y + this.#grip.y);
    this.#loop.redraw();
  }

  #up(event: Pointer): void {
    this.#fingers.delete(event.id);
    const pressed = this.#pressed;
    this.#pressed = null;
    if (!pressed) return;
    if (!pressed.moved) this.#tell({ kind: 'picked', pick: pressed.pick });
    else if (pressed.pick?.kind === 'node')
      this.#tell({ kind: 'places', places: this.#scene.layout.places() });
    this.#tell({ kind: 'cursor', cursor: pressed.pick ? 'pointer' : 'grab' });
  }

  #hover(pick: Pick, { x, y }: Finger): void {
    if (pick || this.#scene.hovered) this.#tell({ kind: 'hover', pick, x, y });
    if (same(pick, this.#scene.hovered)) return;
    this.#scene.hovered = pick;
    this.#tell({ kind: 'cursor', cursor: pick ? 'pointer' : 'grab' });
    this.#loop.reshow();
  }
}
