// The map's worker: holds the scene, lays it out and draws it, so that the page itself stays free.
import { boxOf, type Camera, fit, type Point, toWorld, zoomAt } from '../../domain/camera.ts';
import { type Direction, neighbour } from '../../domain/neighbour.ts';
import { FrameLoop } from './frame-loop.ts';
import { Gestures } from './gestures.ts';
import type { FromWorker, ToWorker } from './messages.ts';
import { Scene, type Size } from './scene.ts';

/** A small graph is laid out before it is first seen; a large one settles before the eye. */
const settle_ms = 400;
const margin = 84;

const tell = (message: FromWorker): void => postMessage(message);

class MapWorker {
  #scene = new Scene({});
  #loop = new FrameLoop(this.#scene, tell);
  #gestures = new Gestures(this.#scene, this.#loop, tell);
  #fitted = false;
  #following = true;

  readonly #handlers: { [K in ToWorker['kind']]: (message: Extract<ToWorker, { kind: K }>) => void } = {
    start: (message) => this.#start(message),
    size: (message) => this.#resize(message),
    look: (message) => this.#look(message),
    structure: (message) => this.#structure(message),
    rates: (message) => this.#rates(message),
    select: (message) => this.#select(message),
    focus: (message) => this.#focus(message),
    pointer: (message) => this.#pointer(message),
    wheel: ({ x, y, factor }) => this.#byHand(() => this.#gestures.wheel(x, y, factor)),
    pan: ({ dx, dy }) => this.#byHand(({ k, tx, ty }) => this.#loop.glideTo({ k, tx: tx + dx, ty: ty + dy })),
    zoom: ({ factor }) =>
      this.#byHand((camera) => this.#loop.glideTo(zoomAt(camera, this.#middle(), factor))),
    fit: () => this.#fit(true),
    arrange: () => this.#arrange(),
    step: ({ direction }) => this.#step(direction),
  };

  handle<K extends ToWorker['kind']>(message: Extract<ToWorker, { kind: K }>): void {
    const handler: (message: Extract<ToWorker, { kind: K }>) => void = this.#handlers[message.kind as K];
    handler(message);
  }

  /** Whoever moves the camera by hand does not want it moved by new nodes. */
  #byHand(move: (camera: Camera) => void): void {
    this.#following = false;
    move(this.#scene.camera);
  }

  #middle(): Point {
    const { width, height, left, right } = this.#scene.size;
    return { x: (left + width - right) / 2, y: height / 2 };
  }

  #resize(size: Size): void {
    this.#scene.size = size;
    this.#loop.resize();
    this.#fitOnce();
  }

  #look({ theme, still }: Extract<ToWorker, { kind: 'look' }>): void {
    this.#scene.theme = theme;
    this.#scene.still = still;
    this.#loop.restyle();
  }

  #rates({ toServer, toClient, flowing }: Extract<ToWorker, { kind: 'rates' }>): void {
    this.#scene.flowing = flowing;
    this.#scene.setRates(toServer, toClient);
    this.#loop.restyle();
  }

  #focus({ app, nodes }: Extract<ToWorker, { kind: 'focus' }>): void {
    this.#scene.focusApp = app;
    this.#scene.focusNodes = nodes ? new Set(nodes) : null;
    this.#loop.restyle();
  }

  #pointer(message: Extract<ToWorker, { kind: 'pointer' }>): void {
    if (message.phase === 'down') this.#following = false;
    this.#gestures.pointer(message);
  }

  #start({ canvas, places }: Extract<ToWorker, { kind: 'start' }>): void {
    this.#scene = new Scene(places);
    this.#loop = new FrameLoop(this.#scene, tell);
    this.#gestures = new Gestures(this.#scene, this.#loop, tell);
    this.#loop.start(canvas, () => this.#settled());
  }

  #settled(): void {
    tell({ kind: 'places', places: this.#scene.layout.places() });
    if (this.#following) this.#fit(true);
  }

  #structure({ nodes, edges }: Extract<ToWorker, { kind: 'structure' }>): void {
    const homeless = this.#scene.set(nodes, edges);
    if (homeless) this.#scene.layout.settle(settle_ms);
    if (homeless && !this.#scene.layout.moving) this.#settled();
    this.#loop.restyle();
    this.#fitOnce();
  }

  #fitOnce(): void {
    if (this.#fitted || this.#scene.spots.length === 0 || this.#scene.size.width < 2) return;
    this.#fitted = true;
    this.#fit(false);
  }

  #fit(gently: boolean): void {
    const box = boxOf(this.#scene.spots);
    if (!box) return;
    this.#following = true;
    const { width, height, left, right } = this.#scene.size;
    const { k, tx, ty } = fit(box, width - left - right, height, margin);
    const camera = { k, tx: tx + left, ty };
    if (gently) this.#loop.glideTo(camera);
    else this.#loop.jumpTo(camera);
  }

  #arrange(): void {
    this.#scene.layout.arrange();
    this.#following = true;
    if (this.#scene.still) this.#scene.layout.settle(settle_ms);
    this.#loop.redraw();
  }

  #select({ pick, show }: Extract<ToWorker, { kind: 'select' }>): void {
    this.#scene.selected = pick;
    this.#scene.renewNear();
    if (show && pick?.kind === 'node') this.#bringIntoView(pick.id);
    this.#loop.restyle();
  }

  #bringIntoView(id: string): void {
    const spot = this.#scene.spots.find((one) => one.id === id);
    if (!spot) return;
    const { camera, size } = this.#scene;
    const at = this.#scene.screenOf(spot);
    const free = size.width - size.right;
    if (at.x > size.left + 40 && at.y > 60 && at.x < free - 60 && at.y < size.height - 60 && camera.k > 0.35)
      return;
    const k = Math.max(camera.k, 0.7);
    const middle = this.#middle();
    this.#loop.glideTo({ k, tx: middle.x - spot.x * k, ty: middle.y - spot.y * k });
  }

  /** An arrow key: the next node that way, or the one nearest the middle when none is selected. */
  #step(direction: Direction): void {
    const { spots, selected, camera } = this.#scene;
    const own = selected?.kind === 'node' ? spots.find((spot) => spot.id === selected.id) : undefined;
    const next = own
      ? spots[neighbour(spots, own, direction)]
      : nearest(spots, toWorld(camera, this.#middle()));
    if (next) tell({ kind: 'picked', pick: { kind: 'node', id: next.id } });
  }
}

function nearest<T extends { x: number; y: number }>(
  points: readonly T[],
  to: { x: number; y: number },
): T | undefined {
  const away = (point: T) => Math.hypot(point.x - to.x, point.y - to.y);
  return points.reduce<T | undefined>(
    (best, point) => (best && away(best) <= away(point) ? best : point),
    undefined,
  );
}

const worker = new MapWorker();
addEventListener('message', (event: MessageEvent<ToWorker>) => worker.handle(event.data));
