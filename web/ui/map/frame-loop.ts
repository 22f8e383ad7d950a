// Draws frames while something moves, and rests when nothing does.
import { between, type Camera } from '../../domain/camera.ts';
import type { FromWorker } from './messages.ts';
import { PaceMeter } from './pace.ts';
import { type Lane, lanes, paintDots } from './paint-dots.ts';
import { paintEdges, pens } from './paint-edges.ts';
import { paintHover } from './paint-hover.ts';
import { paintLabels } from './paint-labels.ts';
import { paintNetworks, paintNodes } from './paint-nodes.ts';
import { paintThreats } from './paint-threats.ts';
import { palettes } from './palette.ts';
import type { Scene } from './scene.ts';

const glide_ms = 350;
/** Dots alone need no more than 30 frames a second. */
const dotFrame_ms = 30;

/** A picture that costs more than this is not painted anew for every step of the camera. */
const dear_ms = 10;

/** The camera of the picture at hand, when it was painted, and how long that took. */
type Painted = { camera: Camera; at: number; cost_ms: number };
type Glide = { from: Camera; to: Camera; begin: number };

export class FrameLoop {
  readonly #scene: Scene;
  readonly #tell: (message: FromWorker) => void;
  readonly #pace = new PaceMeter();
  #screen: OffscreenCanvas | null = null;
  /** What lies below and above the dots: painted when something changes, copied while only dots move. */
  readonly #below = new OffscreenCanvas(1, 1);
  readonly #above = new OffscreenCanvas(1, 1);
  #pens: ReturnType<typeof pens> = [];
  #lanes: Lane[] = [];
  #glide: Glide | null = null;
  #painted: Painted = { camera: { k: 1, tx: 0, ty: 0 }, at: 0, cost_ms: 0 };
  #stylesStale = true;
  #pictureStale = true;
  #asked = false;
  #lastDots = 0;
  #settled: () => void = () => undefined;

  constructor(scene: Scene, tell: (message: FromWorker) => void) {
    this.#scene = scene;
    this.#tell = tell;
  }

  start(screen: OffscreenCanvas, settled: () => void): void {
    this.#screen = screen;
    this.#settled = settled;
  }

  resize(): void {
    const { width, height, ratio } = this.#scene.size;
    for (const canvas of [this.#screen, this.#below, this.#above]) {
      if (!canvas) continue;
      canvas.width = Math.max(1, Math.round(width * ratio));
      canvas.height = Math.max(1, Math.round(height * ratio));
    }
    this.redraw();
  }

  /** Something is elsewhere, but looks the same. */
  redraw(): void {
    this.#pictureStale = true;
    this.#ask();
  }

  /** Only what lies over the picture changed. */
  reshow(): void {
    this.#lastDots = 0;
    this.#ask();
  }

  /** Colours, widths or emphasis changed. */
  restyle(): void {
    this.#stylesStale = true;
    this.redraw();
  }

  glideTo(to: Camera): void {
    if (this.#scene.still) {
      this.#scene.camera = to;
      this.#glide = null;
    } else this.#glide = { from: this.#scene.camera, to, begin: performance.now() };
    this.#ask();
  }

  /** Moves the camera at once, ending any glide. */
  jumpTo(camera: Camera): void {
    this.#glide = null;
    this.#scene.camera = camera;
    this.#ask();
  }

  #ask(): void {
    if (this.#asked) return;
    this.#asked = true;
    requestAnimationFrame((now) => this.#frame(now));
  }

  #frame(now: number): void {
    this.#asked = false;
    const begin = performance.now();
    this.#moveLayout();
    const middle = performance.now();
    this.#moveCamera(begin);
    const moved = this.#cameraMoved();
    if (this.#pictureStale || (moved && this.#mayPaint(begin))) this.#paintPicture();
    else if (!moved && now - this.#lastDots < dotFrame_ms) {
      this.#ask();
      return;
    }
    this.#show(now);
    // Canvases rasterise when they are copied, so showing belongs to the cost of a new picture.
    if (this.#painted.at >= begin) this.#painted.cost_ms = performance.now() - middle;
    const report = this.#pace.frame(now, middle - begin, performance.now() - middle);
    if (report) this.#tell(report);
    if (this.#scene.layout.moving || this.#glide || this.#cameraMoved() || this.#dotsMove()) this.#ask();
  }

  #cameraMoved(): boolean {
    const { camera: painted } = this.#painted;
    const { k, tx, ty } = this.#scene.camera;
    return k !== painted.k || tx !== painted.tx || ty !== painted.ty;
  }

  /** A dear picture is shifted and scaled as it is, and painted anew now and then. */
  #mayPaint(now: number): boolean {
    const { at, cost_ms } = this.#painted;
    return cost_ms < dear_ms || now - at > 100 + 4 * cost_ms;
  }

  #dotsMove(): boolean {
    return this.#lanes.length > 0;
  }

  #moveLayout(): void {
    const { layout } = this.#scene;
    if (!layout.moving) return;
    layout.tick();
    this.#pictureStale = true;
    if (!layout.moving) this.#settled();
  }

  #moveCamera(now: number): void {
    if (!this.#glide) return;
    const { from, to, begin } = this.#glide;
    const part = Math.min(1, (now - begin) / glide_ms);
    this.#scene.camera = between(from, to, 1 - (1 - part) ** 3);
    if (part === 1) this.#glide = null;
  }

  #paintPicture(): void {
    const below = this.#below.getContext('2d', { alpha: false });
    const above = this.#above.getContext('2d');
    if (!below || !above) return;
    const { size, theme, camera, crowded, layout } = this.#scene;
    if (this.#stylesStale) {
      this.#pens = pens(this.#scene);
      this.#lanes = lanes(this.#scene);
    }
    this.#stylesStale = this.#pictureStale = false;
    this.#scene.project();
    for (const target of [below, above]) target.setTransform(size.ratio, 0, 0, size.ratio, 0, 0);
    below.fillStyle = palettes[theme].background;
    below.fillRect(0, 0, size.width, size.height);
    above.clearRect(0, 0, size.width, size.height);
    const draft = crowded && layout.moving;
    const titles = paintNetworks(below, this.#scene);
    paintEdges(below, this.#scene, this.#pens, draft);
    paintNodes(above, this.#scene);
    if (!draft) paintLabels(above, this.#scene, titles);
    paintThreats(above, this.#scene);
    this.#painted = { camera, at: performance.now(), cost_ms: 0 };
  }

  #show(now: number): void {
    const target = this.#screen?.getContext('2d', { alpha: false });
    if (!target) return;
    target.setTransform(1, 0, 0, 1, 0, 0);
    target.fillStyle = palettes[this.#scene.theme].background;
    if (this.#cameraMoved()) target.fillRect(0, 0, target.canvas.width, target.canvas.height);
    this.#lastDots = now;
    this.#asSeen(target, 1);
    target.drawImage(this.#below, 0, 0);
    if (this.#dotsMove()) {
      this.#asSeen(target, this.#scene.size.ratio);
      paintDots(target, this.#scene, this.#lanes, now / 1000);
      this.#asSeen(target, 1);
    }
    target.drawImage(this.#above, 0, 0);
    if (!this.#scene.hovered) return;
    this.#asSeen(target, this.#scene.size.ratio);
    paintHover(target, this.#scene);
  }

  /** The transform from the picture's camera to the present one; `unit` is the size of its pixel on the canvas. */
  #asSeen(target: OffscreenCanvasRenderingContext2D, unit: number): void {
    const { camera: from } = this.#painted;
    const { camera: to, size } = this.#scene;
    const scale = to.k / from.k;
    const [x, y] = [to.tx - from.tx * scale, to.ty - from.ty * scale];
    target.setTransform(scale * unit, 0, 0, scale * unit, x * size.ratio, y * size.ratio);
  }
}
