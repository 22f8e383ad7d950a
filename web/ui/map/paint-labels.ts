// Paints names of nodes, networks and edges wherever they fit without lying on one another.
import { colourOf } from '../../domain/application.ts';
import { along, curveSize, meets } from '../../domain/curve.ts';
import { keepOff, type Label, place, spotsBeside, Taken } from '../../domain/placement.ts';
import type { NetworkTitle } from './paint-nodes.ts';
import { palettes } from './palette.ts';
import type { Scene } from './scene.ts';

type Target = OffscreenCanvasRenderingContext2D;
type Text = { text: string; colour: string; chip: boolean; alpha: number };

const family = 'Inter, system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif';
const nodeFont = `500 12px ${family}`;
const edgeFont = `11px ${family}`;
const networkFont = `600 11px ${family}`;
const nameMax = 28;
const nodeLabelsMax = 160;
const edgeLabelsMax = 60;

const shorten = (text: string): string => (text.length > nameMax ? `${text.slice(0, nameMax - 1)}…` : text);

const widths = new Map<string, number>();

function widthOf(target: Target, font: string, text: string): number {
  const key = `${font}${text}`;
  const known = widths.get(key);
  if (known !== undefined) return known;
  if (widths.size > 20_000) widths.clear();
  target.font = font;
  const width = target.measureText(text).width;
  widths.set(key, width);
  return width;
}

/** The selected first, then the well connected. */
function nodeLabels(target: Target, scene: Scene): { labels: Label[]; texts: Map<number, Text> } {
  const palette = palettes[scene.theme];
  const texts = new Map<number, Text>();
  const { width, height } = scene.size;
  const ranked = scene.spots
    .filter((spot) => {
      const disc = scene.discs[spot.index];
      return disc && disc.x > 0 && disc.y > 0 && disc.x < width && disc.y < height;
    })
    .map((spot) => ({ spot, emphasis: scene.nodeEmphasis(spot) }))
    .filter(({ emphasis }) => emphasis !== 'dim' || scene.spots.length < 100)
    .sort(
      (a, b) =>
        Number(b.emphasis === 'strong') - Number(a.emphasis === 'strong') || b.spot.degree - a.spot.degree,
    )
    .slice(0, 400);
  const labels = ranked.flatMap(({ spot, emphasis }) => {
    const disc = scene.discs[spot.index];
    if (!disc || (disc.r < 4 && emphasis !== 'strong' && scene.spots.length > 100)) return [];
    const text = shorten(spot.name);
    texts.set(spot.index, { text, colour: palette.text, chip: false, alpha: emphasis === 'dim' ? 0.4 : 1 });
    const size = widthOf(target, nodeFont, text) + 6;
    return [{ index: spot.index, spots: spotsBeside(disc, disc.r, size, 16), width: size, height: 16 }];
  });
  return { labels, texts };
}

function edgeLabels(target: Target, scene: Scene): { labels: Label[]; texts: Map<number, Text> } {
  const texts = new Map<number, Text>();
  const { width, height } = scene.size;
  const roomy = scene.camera.k > 0.62 && scene.edges.length <= 400;
  const labels: Label[] = [];
  for (const wanted of ['strong', 'normal'] as const)
    scene.edges.forEach((edge, i) => {
      const at = i * curveSize;
      if (
        labels.length >= 300 ||
        scene.edgeEmphasis(edge) !== wanted ||
        (wanted === 'normal' && (!roomy || edge.quiet))
      )
        return;
      if (!meets(scene.curves, at, 0, 0, width, height)) return;
      const text = shorten(edge.label);
      texts.set(i, {
        text,
        colour: colourOf(edge.app, scene.theme),
        chip: true,
        alpha: 1,
      });
      const spots = [0.5, 0.4, 0.6, 0.3, 0.7].map((t) => along(scene.curves, at, t));
      labels.push({ index: i, spots, width: widthOf(target, edgeFont, text) + 12, height: 17 });
    });
  return { labels, texts };
}

function write(
  target: Target,
  { text, colour, chip, alpha }: Text,
  x: number,
  y: number,
  background: string,
): void {
  target.globalAlpha = alpha;
  if (chip) {
    const width = widthOf(target, edgeFont, text);
    target.font = edgeFont;
    target.fillStyle = background;
    target.globalAlpha = 0.86;
    target.beginPath();
    target.roundRect(x - width / 2 - 5, y - 8, width + 10, 16, 5);
    target.fill();
    target.globalAlpha = alpha;
  } else {
    target.strokeStyle = background;
    target.lineWidth = 3.5;
    target.strokeText(text, x, y);
  }
  target.fillStyle = colour;
  target.fillText(text, x, y);
}

function paintTitles(target: Target, scene: Scene, titles: readonly NetworkTitle[], taken: Taken): void {
  const palette = palettes[scene.theme];
  const labels = titles.map(({ name, x, y }, index) => {
    const width = widthOf(target, networkFont, shorten(name)) + 10;
    const spots = [0, -width, width].map((dx) => ({ x: x + dx, y }));
    return { index, spots, width, height: 16 };
  });
  target.font = networkFont;
  for (const { index, x, y } of place(labels, taken, 60))
    write(
      target,
      { text: shorten(titles[index]?.name ?? ''), colour: palette.networkText, chip: false, alpha: 1 },
      x,
      y,
      palette.background,
    );
}

export function paintLabels(target: Target, scene: Scene, titles: readonly NetworkTitle[]): void {
  const palette = palettes[scene.theme];
  const taken = new Taken();
  keepOff(taken, scene.discs.length > 600 ? [] : scene.discs);
  target.textAlign = 'center';
  target.textBaseline = 'middle';
  target.lineJoin = 'round';
  const nodes = nodeLabels(target, scene);
  const nodePlaces = place(nodes.labels, taken, nodeLabelsMax);
  const edges = edgeLabels(target, scene);
  for (const { index, x, y } of place(edges.labels, taken, edgeLabelsMax)) {
    const text = edges.texts.get(index);
    if (text) write(target, text, x, y, palette.background);
  }
  paintTitles(target, scene, titles, taken);
  target.font = nodeFont;
  for (const { index, x, y } of nodePlaces) {
    const text = nodes.texts.get(index);
    if (text) write(target, text, x, y, palette.background);
  }
  target.globalAlpha = 1;
}
