// The canvas of the map on the page's side: hands it to its worker, passes input in and news out.
import { useEffect, useRef } from 'preact/hooks';
import { still, theme } from '../look.ts';
import type { FromWorker, MapEdge, MapNode, Pick, Rates, ToWorker } from './messages.ts';
import { readPlaces, writePlaces } from './remembered-places.ts';

export type MapHandle = (message: ToWorker) => void;
export type MapStructure = { nodes: MapNode[]; edges: MapEdge[] };
export type MapRates = { toServer: Rates; toClient: Rates; flowing: boolean };

type Props = {
  structure: MapStructure;
  rates: MapRates;
  selected: Pick;
  focus: { app: string; nodes: string[] | null };
  /** Pixels at the right that a panel covers. */
  inset: number;
  label: string;
  onPick: (pick: Pick) => void;
  onHover: (pick: Pick, x: number, y: number) => void;
  onReady: (handle: MapHandle) => void;
};

const keys: Readonly<Record<string, ToWorker>> = {
  ArrowLeft: { kind: 'step', direction: 'left' },
  ArrowRight: { kind: 'step', direction: 'right' },
  ArrowUp: { kind: 'step', direction: 'up' },
  ArrowDown: { kind: 'step', direction: 'down' },
};
const panStep = 80;
const legendWidth = 205;
const pans: Readonly<Record<string, ToWorker>> = {
  ArrowLeft: { kind: 'pan', dx: panStep, dy: 0 },
  ArrowRight: { kind: 'pan', dx: -panStep, dy: 0 },
  ArrowUp: { kind: 'pan', dx: 0, dy: panStep },
  ArrowDown: { kind: 'pan', dx: 0, dy: -panStep },
};

function listen(canvas: HTMLCanvasElement, send: MapHandle): () => void {
  const at = (event: MouseEvent) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const pointer = (phase: Extract<ToWorker, { kind: 'pointer' }>['phase']) => (event: PointerEvent) => {
    if (phase === 'down') canvas.setPointerCapture(event.pointerId);
    if (event.button <= 0) send({ kind: 'pointer', phase, id: event.pointerId, ...at(event) });
  };
  const wheel = (event: WheelEvent) => {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 20 : 1;
    send({
      kind: 'wheel',
      ...at(event),
      factor: Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.0018)),
    });
  };
  const handlers = { pointerdown: pointer('down'), pointermove: pointer('move'), pointerup: pointer('up') };
  canvas.addEventListener('pointerdown', handlers.pointerdown);
  canvas.addEventListener('pointermove', handlers.pointermove);
  canvas.addEventListener('pointerup', handlers.pointerup);
  canvas.addEventListener('pointercancel', handlers.pointerup);
  canvas.addEventListener('pointerleave', pointer('leave'));
  canvas.addEventListener('wheel', wheel, { passive: false });
  const sized = new ResizeObserver(() => send(sizeOf(canvas)));
  sized.observe(canvas);
  return () => sized.disconnect();
}

function sizeOf(canvas: HTMLCanvasElement): ToWorker {
  const { clientWidth: width, clientHeight: height } = canvas;
  return {
    kind: 'size',
    width,
    height,
    ratio: devicePixelRatio,
    left: width > 900 ? legendWidth : 0,
    right: Number(canvas.dataset.inset ?? 0),
  };
}

function startWorker(
  canvas: HTMLCanvasElement,
  hear: (message: FromWorker) => void,
): { send: MapHandle; end: () => void } {
  const worker = new Worker(new URL('./map-worker.ts', import.meta.url), { type: 'module' });
  worker.addEventListener('message', (event: MessageEvent<FromWorker>) => hear(event.data));
  const send: MapHandle = (message) => worker.postMessage(message);
  const screen = canvas.transferControlToOffscreen();
  worker.postMessage({ kind: 'start', canvas: screen, places: readPlaces() } satisfies ToWorker, [screen]);
  return { send, end: () => worker.terminate() };
}

export function MapCanvas(props: Props) {
  const holder = useRef<HTMLDivElement>(null);
  const latest = useRef(props);
  const send = useRef<MapHandle>(() => undefined);
  latest.current = props;

  // The canvas is made by hand: once its control went to a worker, no second render may touch it.
  useEffect(() => {
    const canvas = document.createElement('canvas');
    canvas.setAttribute('aria-hidden', 'true');
    holder.current?.append(canvas);
    const worker = startWorker(canvas, (message) => hear(message, canvas, latest.current));
    send.current = worker.send;
    const unlisten = listen(canvas, worker.send);
    latest.current.onReady(worker.send);
    return () => {
      unlisten();
      worker.end();
      canvas.remove();
    };
  }, []);

  const { structure, rates, selected, focus, inset } = props;
  const [dark, quiet] = [theme(), still.value];
  useEffect(() => send.current({ kind: 'look', theme: dark, still: quiet }), [dark, quiet]);
  useEffect(() => {
    const canvas = holder.current?.querySelector('canvas');
    if (!canvas) return;
    canvas.dataset.inset = String(inset);
    send.current(sizeOf(canvas));
  }, [inset]);
  useEffect(() => send.current({ kind: 'structure', ...structure }), [structure]);
  useEffect(() => send.current({ kind: 'rates', ...rates }), [rates, structure]);
  useEffect(() => send.current({ kind: 'focus', ...focus }), [focus, structure]);
  useEffect(
    () => send.current({ kind: 'select', pick: selected, show: true }),
    [selected?.kind, selected?.id, structure],
  );

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const message = (event.shiftKey ? pans : keys)[event.key];
    if (!message) return;
    event.preventDefault();
    send.current(message);
  };

  return (
    <div
      ref={holder}
      class="map-canvas"
      role="application"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a role of application is interactive; arrow keys work in it
      tabIndex={0}
      aria-label={props.label}
      onKeyDown={onKeyDown}
    />
  );
}

function hear(message: FromWorker, canvas: HTMLCanvasElement, props: Props): void {
  if (message.kind === 'hover') props.onHover(message.pick, message.x, message.y);
  if (message.kind === 'picked') props.onPick(message.pick);
  if (message.kind === 'cursor') canvas.style.cursor = message.cursor;
  if (message.kind === 'places') writePlaces(message.places);
  if (message.kind !== 'pace') return;
  canvas.dataset.fps = String(message.framesPerSecond);
  canvas.dataset.layoutMs = message.layout_ms.toFixed(1);
  canvas.dataset.paintMs = message.paint_ms.toFixed(1);
}
